//! The findings about a chat's parts. Pure.

mod backup;
mod expansion;
mod postgres_major;
mod refusals;
mod replicas;
mod route;
mod services;

pub(super) use backup::backed_up;
pub(super) use expansion::not_expanded;
pub(super) use postgres_major::major_differs;
pub(super) use refusals::{refused, refused_under};
pub(super) use replicas::{available, up_to_date};
pub(super) use route::exposed;
pub(super) use services::{schema, topics};

use super::{Finding, Severity};
use crate::workload::PodProblem;

fn pod_finding(type_: &'static str, problem: PodProblem) -> Finding {
    Finding::no(
        type_,
        Severity::problem(problem.needs_action),
        problem.reason,
        problem.message,
    )
}
