//! The operator and the chart on a cluster, tested with `kubectl` and `helm`. Needs `make up`.

#![warn(unreachable_pub)]

mod autoscaling;
mod backup;
mod cloudnativepg;
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
mod tls;
mod traffic;
