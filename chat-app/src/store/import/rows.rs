//! Rows in the binary format of COPY: <https://www.postgresql.org/docs/current/sql-copy.html>. Does I/O.

use sqlx::PgConnection;
use uuid::Uuid;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// From 1970 to 2000, where PostgreSQL begins to count.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Rows of a table.
#[derive(Debug, Default)]
pub struct Rows {
    bytes: Vec<u8>,
    pub count: u64,
}

/// The value of a column.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Null,
    Bigint(i64),
    Text(&'a str),
    Uuid(Uuid),
    /// In microseconds since 1970.
    Time(i64),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Bigint(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl From<Uuid> for Value<'_> {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Rows {
    pub fn push<const N: usize>(&mut self, values: [Value<'_>; N]) {
        self.bytes.extend((N as i16).to_be_bytes());
        for value in values {
            match value {
                Value::Null => self.bytes.extend((-1_i32).to_be_bytes()),
                Value::Bigint(value) => self.field(&value.to_be_bytes()),
                Value::Text(text) => self.field(text.as_bytes()),
                Value::Uuid(id) => self.field(id.as_bytes()),
                Value::Time(micros) => self.field(&(micros - EPOCH_MICROS).to_be_bytes()),
            }
        }
        self.count += 1;
    }

    fn field(&mut self, bytes: &[u8]) {
        self.bytes.extend((bytes.len() as i32).to_be_bytes());
        self.bytes.extend(bytes);
    }

    /// Writes the rows to a table with these columns.
    pub(super) async fn copy_to(
        self,
        connection: &mut PgConnection,
        target: &str,
    ) -> sqlx::Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        let statement = format!("COPY {target} FROM STDIN (FORMAT binary)");
        let mut copy = connection.copy_in_raw(&statement).await?;
        let parts: [&[u8]; 3] = [HEADER, &self.bytes, &END];
        for part in parts {
            copy.send(part).await?;
        }
        copy.finish().await?;
        Ok(())
    }
}
