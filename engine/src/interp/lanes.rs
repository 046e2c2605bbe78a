//! Vectors: 16 bytes, little-endian, seen as lanes of any number type.
//!
//! Lane 0 is the lowest, as in memory. A vector register has no type of its own: each
//! opcode says which lanes it means.
#![forbid(unsafe_code)]

/// The bytes of a vector, lowest first.
pub(super) type Vector = [u8; 16];

/// A number that vectors are made of.
pub(super) trait Lane: Copy {
    /// All lanes of one vector, lowest first.
    type Lanes;

    /// The lanes of a vector.
    fn split(vector: Vector) -> Self::Lanes;

    /// The vector with these lanes.
    fn join(lanes: Self::Lanes) -> Vector;
}

macro_rules! lane {
    ($( $ty:ident: $bytes:literal x $count:literal; )*) => { $(
        impl Lane for $ty {
            type Lanes = [$ty; $count];

            #[inline(always)]
            fn split(vector: Vector) -> [$ty; $count] {
                let (lanes, _) = vector.as_chunks::<$bytes>();
                std::array::from_fn(|lane| $ty::from_le_bytes(lanes[lane]))
            }

            #[inline(always)]
            fn join(lanes: [$ty; $count]) -> Vector {
                let mut vector = [0; 16];
                let (places, _) = vector.as_chunks_mut::<$bytes>();
                for (place, lane) in places.iter_mut().zip(lanes) {
                    *place = lane.to_le_bytes();
                }
                vector
            }
        }
    )* };
}

lane! {
    i8: 1 x 16; u8: 1 x 16;
    i16: 2 x 8; u16: 2 x 8;
    i32: 4 x 4; u32: 4 x 4;
    i64: 8 x 2; u64: 8 x 2;
    f32: 4 x 4; f64: 8 x 2;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lane_0_is_the_lowest_and_every_byte_returns() {
        let vector: Vector = *b"0123456789abcdef";
        assert_eq!(u16::split(vector)[1], u16::from_le_bytes(*b"23"));
        assert_eq!(i64::split(vector)[1], i64::from_le_bytes(*b"89abcdef"));
        assert_eq!(i8::join(i8::split(vector)), vector);
        assert_eq!(f32::join(f32::split(vector)), vector);
        assert_eq!(u64::join(u64::split(vector)), vector);
    }
}
