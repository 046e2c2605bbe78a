//! Vector loads and stores: of the arena, and of the machine stack.
//!
//! All 16 bytes are one access: it lies in the arena as a whole, or nothing is stored.
#![forbid(unsafe_code)]

use crate::interp::machine::{Flow, Machine};
use crate::interp::operand::{G32, O32, V, Z};
use crate::interp::policy::Policy;

macro_rules! load {
    ($( $name:ident: $mode:ty; )*) => { $(
        #[inline(always)]
        pub(in crate::interp) fn $name(&mut self, dst: V, address: $mode) -> Flow {
            let vector = self.load(address)?;
            self.registers.set_vector(dst, vector);
            Ok(())
        }
    )* };
}

macro_rules! store {
    ($( $name:ident: $mode:ty; )*) => { $(
        #[inline(always)]
        pub(in crate::interp) fn $name(&mut self, address: $mode, src: V) -> Flow {
            self.store(address, self.registers.vector(src))
        }
    )* };
}

/// Loads of 8 bytes whose lanes are extended to twice their width.
macro_rules! load_extended {
    ($( $name:ident: $narrow:ident x $bytes:literal => $wide:ty; )*) => { $(
        #[inline(always)]
        pub(in crate::interp) fn $name(&mut self, dst: V, address: Z) -> Flow {
            let loaded: [u8; 8] = self.load(address)?;
            let (lanes, _) = loaded.as_chunks::<$bytes>();
            let extended = |lane: usize| <$wide>::from($narrow::from_le_bytes(lanes[lane]));
            self.registers.set_lanes::<$wide>(dst, std::array::from_fn(extended));
            Ok(())
        }
    )* };
}

impl<P: Policy> Machine<'_, P> {
    load! { vload128le_o32: O32; vload128le_z: Z; vload128le_g32: G32; }

    store! { vstore128le_o32: O32; vstore128le_z: Z; vstore128le_g32: G32; }

    load_extended! {
        vload8x8_s_z: i8 x 1 => i16;
        vload8x8_u_z: u8 x 1 => u16;
        vload16x4le_s_z: i16 x 2 => i32;
        vload16x4le_u_z: u16 x 2 => u32;
        vload32x2le_s_z: i32 x 4 => i64;
        vload32x2le_u_z: u32 x 4 => u64;
    }

    #[inline(always)]
    pub(in crate::interp) fn vload128be_z(&mut self, dst: V, address: Z) -> Flow {
        let value = u128::from_be_bytes(self.load(address)?);
        self.registers.set_vector(dst, value.to_le_bytes());
        Ok(())
    }

    #[inline(always)]
    pub(in crate::interp) fn vstore128be_z(&mut self, address: Z, src: V) -> Flow {
        let value = u128::from_le_bytes(self.registers.vector(src));
        self.store(address, value.to_be_bytes())
    }

    #[inline(always)]
    pub(in crate::interp) fn stack_load128(&mut self, register: V, displacement: i32) -> Flow {
        let vector = self.stack_read(self.at_sp(displacement))?;
        self.registers.set_vector(register, vector);
        Ok(())
    }

    #[inline(always)]
    pub(in crate::interp) fn stack_store128(&mut self, register: V, displacement: i32) -> Flow {
        self.stack_write(self.at_sp(displacement), self.registers.vector(register))
    }
}
