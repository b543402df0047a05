//! Columns of one kind: ids as their 16 bytes, times as milliseconds.

use serde::{Serialize, Serializer};
use tminus_domain::ids::{PrefixedId, Ulid};
use tminus_domain::time::Timestamp;
use tminus_store::{Row, StoreError, Value};

/// An id as it is bound.
pub(crate) fn id<I: PrefixedId>(id: I) -> Value {
    Value::Blob(id.ulid().to_bytes().to_vec())
}

/// The id in a column.
pub(crate) fn read_id<I: PrefixedId>(row: &Row, column: usize) -> Result<I, StoreError> {
    row.get::<[u8; 16]>(column).map(|bytes| I::from_ulid(Ulid::from_bytes(bytes)))
}

/// The id in a column that may be NULL.
pub(crate) fn read_id_opt<I: PrefixedId>(row: &Row, column: usize) -> Result<Option<I>, StoreError> {
    let bytes = row.get::<Option<[u8; 16]>>(column)?;
    Ok(bytes.map(|bytes| I::from_ulid(Ulid::from_bytes(bytes))))
}

/// The time in a column.
pub(crate) fn read_time(row: &Row, column: usize) -> Result<Timestamp, StoreError> {
    row.get(column).map(Timestamp::from_millis)
}

/// The time in a column that may be NULL.
pub(crate) fn read_time_opt(row: &Row, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// An id in the JSON of many rows: its bytes as hexadecimal digits, for `unhex()`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hex(Ulid);

impl Hex {
    pub(crate) fn of<I: PrefixedId>(id: I) -> Self {
        Self(id.ulid())
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0_u8; 32];
        let encoded = data_encoding::HEXUPPER.encode_mut_str(&self.0.to_bytes(), &mut digits);
        serializer.serialize_str(encoded)
    }
}
