//! The types of FlexBuffers that JSON data needs, by their numbers in the format.

pub const NULL: u8 = 0;
pub const INT: u8 = 1;
pub const UINT: u8 = 2;
pub const FLOAT: u8 = 3;
pub const KEY: u8 = 4;
pub const STRING: u8 = 5;
pub const INDIRECT_INT: u8 = 6;
pub const INDIRECT_FLOAT: u8 = 8;
pub const MAP: u8 = 9;
pub const VECTOR: u8 = 10;
/// Vectors of INT, UINT, FLOAT and KEY, in this order.
pub const VECTOR_INT: u8 = 11;
pub const VECTOR_KEY: u8 = 14;
/// Vectors of two INT, two UINT, two FLOAT, three INT …; without a length.
pub const VECTOR_INT2: u8 = 16;
pub const VECTOR_FLOAT4: u8 = 24;
pub const BOOL: u8 = 26;
pub const VECTOR_BOOL: u8 = 36;
