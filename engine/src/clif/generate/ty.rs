//! The types of generated values.
#![forbid(unsafe_code)]

use super::draw::Draw;

/// Declares [`Ty`] with CLIF's name and the width in bytes of each type.
macro_rules! types {
    ($( $variant:ident = $name:literal, $bytes:literal; )*) => {
        /// A type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Ty { $( $variant, )* }

        impl Ty {
            /// Every type.
            pub(super) const ALL: &[Ty] = &[$( Ty::$variant, )*];

            /// CLIF's name.
            pub(super) fn name(self) -> &'static str {
                match self { $( Ty::$variant => $name, )* }
            }

            /// Width in bytes.
            pub(super) fn bytes(self) -> u32 {
                match self { $( Ty::$variant => $bytes, )* }
            }
        }
    };
}

types! {
    I32 = "i32", 4;
    I64 = "i64", 8;
    I8 = "i8", 1;
    I16 = "i16", 2;
    F32 = "f32", 4;
    F64 = "f64", 8;
    I128 = "i128", 16;
    I8x16 = "i8x16", 16;
    I16x8 = "i16x8", 16;
    I32x4 = "i32x4", 16;
    I64x2 = "i64x2", 16;
    F32x4 = "f32x4", 16;
    F64x2 = "f64x2", 16;
}

impl Ty {
    /// A type; the first ones most often.
    pub(super) fn draw(draw: &mut Draw<'_>) -> Ty {
        let scalar = draw.chance(70) || draw.is_empty();
        Ty::ALL[draw.below(if scalar { 6 } else { Ty::ALL.len() })]
    }

    /// The type of one lane of a vector, and how many there are.
    pub(super) fn lanes(self) -> (Ty, usize) {
        match self {
            Ty::I8x16 => (Ty::I8, 16),
            Ty::I16x8 => (Ty::I16, 8),
            Ty::I32x4 => (Ty::I32, 4),
            Ty::I64x2 => (Ty::I64, 2),
            Ty::F32x4 => (Ty::F32, 4),
            Ty::F64x2 => (Ty::F64, 2),
            scalar => (scalar, 1),
        }
    }
}
