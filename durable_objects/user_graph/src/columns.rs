//! Columns of one kind: ids as their 16 bytes, times as milliseconds.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
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

impl Hex {
    /// The id.
    pub(crate) fn id<I: PrefixedId>(self) -> I {
        I::from_ulid(self.0)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        let mut bytes = [0_u8; 16];
        let length =
            (digits.len() == 32).then(|| data_encoding::HEXUPPER.decode_mut(digits.as_bytes(), &mut bytes));
        match length {
            Some(Ok(16)) => Ok(Self(Ulid::from_bytes(bytes))),
            _ => Err(serde::de::Error::custom("not the digits of an id")),
        }
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0_u8; 32];
        let encoded = data_encoding::HEXUPPER.encode_mut_str(&self.0.to_bytes(), &mut digits);
        serializer.serialize_str(encoded)
    }
}
