//! PostgreSQL and Kafka as local processes on free ports, with fsync, for one run of a program. Does I/O.
//!
//! tests/services/up fetches the programs; here they get their own data, and end when what owns them is dropped.

pub mod floor;
pub mod http;
pub mod kafka;
pub mod postgres;
pub mod process;

use std::path::PathBuf;

use anyhow::{Context, Result};

/// The directories of a run.
#[derive(Clone, Debug)]
pub struct Paths {
    /// Data and settings, owned by the service user.
    pub data: PathBuf,
    pub logs: PathBuf,
}

/// The packages of PostgreSQL and Kafka.
#[derive(Clone, Debug)]
pub struct Packages {
    /// PostgreSQL's installation directory.
    pub postgres: PathBuf,
    pub kafka: PathBuf,
}

impl Packages {
    /// Finds those that tests/services/up fetched.
    pub fn find() -> Result<Self> {
        let package = |name: &str| {
            let path = std::env::var_os(name).map(PathBuf::from);
            path.with_context(|| format!("{name} is not set: run tests/services/up --fetch and load its env file, as make chaos-fast does"))
        };
        Ok(Self {
            postgres: package("TEST_POSTGRES_HOME")?,
            kafka: package("TEST_KAFKA_HOME")?,
        })
    }
}
