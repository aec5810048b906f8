//! What the operator does on a cluster, seen with `kubectl` and `helm`. Needs `make up`; fails without.

mod deletion;
mod lifecycle;
mod refusals;
mod rollout;
