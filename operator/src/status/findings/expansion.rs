//! The finding about volumes of another size than the spec asks for. Pure.

use crate::expansion::{Expansion, Progress};
use crate::reason::Reason;
use crate::status::{ChatState, Finding, Severity};

/// Ready, if a volume does not get the size that the spec asks for.
pub(in crate::status) fn not_expanded(state: &ChatState) -> Option<Finding> {
    let mut findings = state.expansions.iter().filter_map(finding);
    findings.next()
}

fn finding(expansion: &Expansion) -> Option<Finding> {
    let Expansion { claim, wanted, .. } = expansion;
    let (reason, message) = match &expansion.state {
        Progress::UnderWay => return None,
        Progress::Failed(why) => (
            Reason::VolumeNotExpanded,
            format!(
                "PersistentVolumeClaim {claim} does not grow to {wanted}: {why}. The chat runs on the volume as it is. Correct what the message says, or set storage in the spec back to the volume's size"
            ),
        ),
        Progress::CannotShrink(size) => (
            Reason::VolumeCannotShrink,
            format!(
                "The spec asks for {wanted}, and the volume of PersistentVolumeClaim {claim} has {size}: no volume can be made smaller. Set storage in the spec to {size} or more, or restore a backup in a new ChatDeployment"
            ),
        ),
    };
    Some(Finding::no(
        "Ready",
        Severity::ActionNeeded,
        reason,
        message,
    ))
}
