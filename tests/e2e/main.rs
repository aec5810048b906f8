//! What the operator does on a cluster, seen with `kubectl` and `helm`. Needs `make up`; fails without.

mod autoscaling;
mod definition;
mod deletion;
mod external;
mod fields;
mod gateway;
mod lifecycle;
mod nodes;
mod own_namespace;
mod refusals;
mod rollout;
mod talk;
mod tls;
