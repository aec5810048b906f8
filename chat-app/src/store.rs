//! PostgreSQL: one module for each family of tables. Does I/O; every error is an [`sqlx::Error`].

pub mod accounts;
pub mod attachments;
pub mod changes;
pub mod conversations;
pub mod invites;
pub mod messages;
pub mod outbox;
pub mod resets;
pub mod schema;
pub mod sessions;
pub mod users;

/// The readers' connections. The writer's lanes have connections of their own.
pub type Pool = sqlx::PgPool;
