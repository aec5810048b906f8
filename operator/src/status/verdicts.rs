//! The statements about a chat's parts. Pure.

mod replicas;
mod route;
mod services;

pub(super) use replicas::{available, rolled};
pub(super) use route::exposed;
pub(super) use services::{schema, topics};

use super::{Mood, Verdict};
use crate::workload::PodProblem;

fn from_pod(type_: &'static str, problem: PodProblem) -> Verdict {
    Verdict::no(
        type_,
        Mood::trouble(problem.person),
        problem.reason,
        problem.message,
    )
}
