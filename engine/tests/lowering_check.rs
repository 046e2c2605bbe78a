//! The checker of lowered code rejects bad code: one hand-made case for each way of
//! breaking containment, made from one good function by one edit.

use cranelift_codegen::ir::Function;
use engine::code_table::SignatureId;
use engine::fault::Faults;
use engine::layout::Addressing;
use engine::lowering::Context;
use engine::lowering::check::{Violation, check};
use engine::passes::Mode;

const TABLE: u64 = 0x1_0000_0000;
const CONTROL: u64 = 0x2_0000_0000;

/// What lowering makes, in short: every allowed shape once.
const GOOD: &str = "
function u0:0(i32, i32, i64, i64 vmctx) -> i32 tail {
    sig0 = (i32, i64 vmctx) -> i32 tail
    fn0 = colocated u0:1 sig0
block0(v0: i32, v1: i32, v2: i64, v3: i64):
    v10 = iconst.i64 0x0002_0000_0000
    v11 = load.i64 notrap aligned v10
    v12 = get_stack_pointer.i64
    v13 = icmp ult v12, v11
    trapnz v13, stk_ovf
    v14 = load.i64 notrap aligned v10+8
    store notrap aligned v14, v10+8
    v20 = uextend.i64 v0
    v21 = iadd v3, v20
    v22 = load.i32 notrap v21
    store notrap v2, v21
    v23 = atomic_rmw.i32 add v21, v22
    v30 = call fn0(v1, v3)
    v40 = iconst.i64 0x0001_0000_0000
    v41 = iconst.i32 0x0001_0000
    v42 = iconst.i32 0
    v43 = icmp uge v1, v41
    v44 = select_spectre_guard v43, v42, v1
    v45 = uextend.i64 v44
    v46 = iconst.i64 4
    v47 = ishl v45, v46
    v48 = iadd v40, v47
    v49 = load.i32 notrap aligned v48+8
    v50 = iconst.i32 7
    v51 = icmp ne v49, v50
    trapnz v51, user201
    v52 = load.i64 notrap aligned v48
    v53 = call_indirect sig0, v52(v1, v3)
    jump block1
block1:
    return v53
}";

fn verdict(text: &str, mode: Mode) -> Result<(), Violation> {
    let function: Function = cranelift_reader::parse_functions(text).expect("CLIF").remove(0);
    let faults = Faults::default();
    let cx = Context {
        addressing: Addressing::Arena32,
        mode,
        table: TABLE,
        control: CONTROL,
        faults: &faults,
        lengths: &[],
        count_calls: false,
        monitor: false,
        merges_checks: false,
    };
    check(&function, &cx, &mut |_| SignatureId(7))
}

/// The good function with one edit, in an exact run.
fn edited(from: &str, to: &str) -> Result<(), Violation> {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} stands once in the good function");
    verdict(&GOOD.replace(from, to), Mode::Exact)
}

macro_rules! rejects {
    ($( $(#[$doc:meta])* $name:ident: $from:literal => $to:literal, $violation:ident; )*) => {
        $( $(#[$doc])* #[test] fn $name() {
            let verdict = edited($from, $to);
            assert!(matches!(verdict, Err(Violation::$violation { .. })), "{verdict:?}");
        } )*
    };
}

rejects! {
    missing_base: "iadd v3, v20" => "iadd v2, v20", Address;
    /// An absolute address that happens to be 64 bits wide.
    no_base_at_all: "v22 = load.i32 notrap v21" => "v22 = load.i32 notrap v2", Address;
    sign_extended_offset: "uextend.i64 v0" => "sextend.i64 v0", NativeValue;
    dropped_extension: "iadd v3, v20" => "iadd v3, v2", NativeValue;
    doubled_base: "iadd v3, v20\n" => "iadd v3, v20\n    v99 = iadd v3, v21\n", NativeValue;
    base_plus_base: "iadd v3, v20" => "iadd v3, v3", NativeValue;
    sum_folded_in_64_bits: "v22 = load.i32 notrap v21"
        => "v99 = iadd v21, v20\n    v22 = load.i32 notrap v99", NativeValue;
    scaled_in_64_bits: "v21 = iadd v3, v20" => "v98 = ishl v20, v20\n    v21 = iadd v3, v98",
        NativeValue;
    another_parameter_as_base: "(i32, i32, i64, i64 vmctx)" => "(i32, i32, i64 vmctx, i64)",
        Signature;
    two_bases: "(i32, i32, i64, i64 vmctx)" => "(i32, i32, i64 vmctx, i64 vmctx)",
        Signature;
    callee_without_base: "sig0 = (i32, i64 vmctx)" => "sig0 = (i32, i64)", Signature;
    displacement_that_does_not_wrap: "load.i32 notrap v21" => "load.i32 notrap v21+8",
        Displacement;
    base_stored: "store notrap v2, v21" => "store notrap v3, v21", NativeValue;
    address_stored: "store notrap v2, v21" => "store notrap v21, v21", NativeValue;
    address_as_atomic_operand: "v23 = atomic_rmw.i32 add v21, v22"
        => "v23 = atomic_rmw.i64 add v21, v21", NativeValue;
    base_as_ordinary_argument: "jump block1" => "v99 = ireduce.i32 v3\n    jump block1",
        NativeValue;
    call_without_base: "call fn0(v1, v3)" => "call fn0(v1, v2)", CallWithoutBase;
    indirect_call_without_base: "v52(v1, v3)" => "v52(v1, v2)", CallWithoutBase;
    call_of_a_plain_value: "call_indirect sig0, v52" => "call_indirect sig0, v2",
        UncheckedCall;
    unclamped_index: "uextend.i64 v44" => "uextend.i64 v1", Address;
    clamped_too_high: "iconst.i32 0x0001_0000" => "iconst.i32 0x0001_0001", Address;
    clamped_by_signed_comparison: "icmp uge v1" => "icmp sge v1", Address;
    wrong_entry_size: "v46 = iconst.i64 4" => "v46 = iconst.i64 3", Address;
    other_table: "iconst.i64 0x0001_0000_0000" => "iconst.i64 0x0001_0000_0010",
        Address;
    signature_not_compared: "    trapnz v51, user201\n" => "", UncheckedCall;
    other_signature_compared: "v50 = iconst.i32 7" => "v50 = iconst.i32 8",
        UncheckedCall;
    comparison_inverted: "icmp ne v49" => "icmp eq v49", UncheckedCall;
    kind_compared_instead: "load.i32 notrap aligned v48+8" => "load.i32 notrap aligned v48+12",
        TrustedAccess;
    entry_load_may_move: "v52 = load.i64 notrap aligned v48"
        => "v52 = load.i64 notrap aligned can_move v48", TrustedAccess;
    entry_load_readonly: "v49 = load.i32 notrap aligned v48"
        => "v49 = load.i32 notrap aligned readonly v48", TrustedAccess;
    entry_written: "v52 = load.i64 notrap aligned v48\n"
        => "v52 = load.i64 notrap aligned v48\n    store notrap aligned v2, v48\n",
        TrustedAccess;
    code_address_revealed: "return v53" => "v99 = ireduce.i32 v52\n    return v99",
        NativeValue;
    stack_limit_written: "store notrap aligned v14, v10+8" => "store notrap aligned v14, v10",
        TrustedAccess;
    word_behind_control_block: "aligned v14, v10+8" => "aligned v14, v10+40",
        TrustedAccess;
    stack_pointer_revealed: "store notrap v2, v21" => "store notrap v12, v21",
        NativeValue;
    stack_pointer_read_late: "return v53" => "v99 = get_stack_pointer.i64\n    return v53",
        Opcode;
    frame_pointer_read: "jump block1" => "v99 = get_frame_pointer.i64\n    jump block1",
        Opcode;
    function_address_taken: "jump block1" => "v99 = func_addr.i64 fn0\n    jump block1",
        Opcode;
}

#[test]
fn base_as_a_block_argument() {
    let text = GOOD.replace("jump block1\nblock1:", "jump block1(v3)\nblock1(v60: i64):");
    assert!(matches!(verdict(&text, Mode::Exact), Err(Violation::NativeValue(_))));
}

#[test]
fn native_stack_slot() {
    let text = GOOD
        .replace("    sig0 =", "    ss0 = explicit_slot 8\n    sig0 =")
        .replace("jump block1\n", "v99 = stack_addr.i64 ss0\n    jump block1\n");
    assert!(matches!(verdict(&text, Mode::Exact), Err(Violation::Opcode(_))));
}

#[test]
fn the_good_function_passes_in_both_modes() {
    assert_eq!(verdict(GOOD, Mode::Exact), Ok(()));
    assert_eq!(verdict(GOOD, Mode::AsShipped), Ok(()));
}

#[test]
fn as_shipped_a_displacement_stays() {
    let text = GOOD.replace("load.i32 notrap v21", "load.i32 notrap v21-2147483648");
    assert_eq!(verdict(&text, Mode::AsShipped), Ok(()));
}
