//! What a backup holds, read from PostgreSQL's catalog so that a new table is in it by itself. Does I/O.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection};

/// Tables that a backup leaves out, with their partitions: what belongs to one database alone (transaction ids, the owner,
/// the applied migrations and functions, the mark of a restore), and what Kafka has yet to get.
const LEFT_OUT: [&str; 7] = [
    "_sqlx_migrations",
    "changes",
    "changes_horizon",
    "outbox",
    "owner",
    "restored",
    "schema_functions",
];

/// A table of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    /// Those with a stored value of their own.
    pub columns: Vec<String>,
}

impl Table {
    /// `"messages" ("seq", "body")`.
    pub fn target(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| quoted(column)).collect();
        format!("{} ({})", quoted(&self.name), columns.join(", "))
    }
}

/// A sequence, and the value from which it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    pub name: String,
    pub value: i64,
    /// Whether `value` was given out already.
    pub called: bool,
}

/// An identifier in SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The tables of a backup: those that others refer to come first.
pub async fn tables(connection: &mut PgConnection) -> sqlx::Result<Vec<Table>> {
    let found: Vec<(String, Vec<String>)> = sqlx::query_as(
        "SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
         FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relname <> ALL ($1)
         GROUP BY c.relname ORDER BY c.relname",
    )
    .bind(LEFT_OUT)
    .fetch_all(&mut *connection)
    .await?;
    let references: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT t.relname::text, r.relname::text
         FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
         WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace AND t.oid <> r.oid",
    )
    .fetch_all(connection)
    .await?;
    let tables = found
        .into_iter()
        .map(|(name, columns)| Table { name, columns })
        .collect();
    ordered(tables, references)
        .ok_or_else(|| sqlx::Error::Protocol("foreign keys refer to each other in a circle".into()))
}

/// Puts each table behind those that it refers to. `None` if there is no such order.
fn ordered(mut tables: Vec<Table>, references: Vec<(String, String)>) -> Option<Vec<Table>> {
    let mut needs: HashMap<String, HashSet<String>> = HashMap::new();
    for (table, referred) in references {
        needs.entry(table).or_default().insert(referred);
    }
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let free = tables.iter().position(|table| {
            let needed = needs.get(&table.name);
            needed.is_none_or(|needed| !tables.iter().any(|other| needed.contains(&other.name)))
        })?;
        ordered.push(tables.remove(free));
    }
    Some(ordered)
}

/// The sequences. They are not part of a snapshot: read after it was taken, they are never behind its rows.
pub async fn sequences(connection: &mut PgConnection) -> sqlx::Result<Vec<Sequence>> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c
         LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
         LEFT JOIN pg_class t ON t.oid = d.refobjid
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S'
           AND (t.relname IS NULL OR t.relname <> ALL ($1))
         ORDER BY c.relname",
    )
    .bind(LEFT_OUT)
    .fetch_all(&mut *connection)
    .await?;
    let mut sequences = Vec::with_capacity(names.len());
    for name in names {
        let sql = format!("SELECT last_value, is_called FROM {}", quoted(&name));
        let (value, called) = sqlx::query_as(AssertSqlSafe(sql))
            .fetch_one(&mut *connection)
            .await?;
        sequences.push(Sequence {
            name,
            value,
            called,
        });
    }
    Ok(sequences)
}

pub async fn continue_sequence(
    connection: &mut PgConnection,
    sequence: &Sequence,
) -> sqlx::Result<()> {
    sqlx::query("SELECT setval($1::regclass, $2, $3)")
        .bind(quoted(&sequence.name))
        .bind(sequence.value)
        .bind(sequence.called)
        .execute(connection)
        .await?;
    Ok(())
}

/// The backup that this database was restored from.
pub async fn restored_from(connection: &mut PgConnection) -> sqlx::Result<Option<String>> {
    if !exists(connection, "restored").await? {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT backup FROM restored")
        .fetch_optional(connection)
        .await
}

/// Records that this database was restored. Not a migration: a backup is loaded at the version of the schema that it has.
pub async fn mark_restored(connection: &mut PgConnection, backup: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS restored (
             one    boolean PRIMARY KEY DEFAULT true CHECK (one),
             backup text        NOT NULL,
             at     timestamptz NOT NULL DEFAULT now()
         )",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO restored (backup) VALUES ($1)")
        .bind(backup)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether anybody has an account.
pub async fn has_users(connection: &mut PgConnection) -> sqlx::Result<bool> {
    if !exists(connection, "users").await? {
        return Ok(false);
    }
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM users)")
        .fetch_one(connection)
        .await
}

/// Whether replicas are connected.
pub async fn in_use(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'confab%')",
    )
    .fetch_one(connection)
    .await
}

async fn exists(connection: &mut PgConnection, table: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(connection)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        Table {
            name: name.to_owned(),
            columns: vec!["id".to_owned()],
        }
    }

    fn order(references: &[(&str, &str)]) -> Option<Vec<String>> {
        let tables = ["a", "b", "c"].map(table).to_vec();
        let references = references
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
            .collect();
        let ordered = ordered(tables, references)?;
        Some(ordered.into_iter().map(|table| table.name).collect())
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        assert_eq!(order(&[("a", "c"), ("b", "a")]).unwrap(), ["c", "a", "b"]);
        assert_eq!(order(&[("a", "elsewhere")]).unwrap(), ["a", "b", "c"]);
        assert_eq!(order(&[("a", "b"), ("b", "a")]), None);
    }

    #[test]
    fn names_are_quoted() {
        let mut table = table("users");
        table.columns.push("a\"b".to_owned());
        assert_eq!(table.target(), r#""users" ("id", "a""b")"#);
    }
}
