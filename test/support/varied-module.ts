// One module with a little of everything that is on the list of instructions: the seed of tests that change bytes. It must never be used
// outside tests.

/** A little of everything that is listed, so that a change of a byte is near to something. */
export const VARIED = `(module
  (type $pair (func (param i32 i64) (result i64 i32)))
  (import "a" "f" (func $f (param i32))) (import "a" "g" (global $g i32))
  (table $t 4 8 funcref) (table $x 1 externref) (memory 1 3)
  (global $m (mut v128) (v128.const i64x2 1 2)) (global $n i64 (i64.const -1)) (global i32 (i32.mul (i32.add (global.get $g) (i32.const 4)) (i32.const 2))) (global $r funcref (ref.func $pair))
  (export "pair" (func $pair)) (start $start)
  (elem (table $t) (global.get $g) func $pair) (elem $e funcref (ref.null func) (ref.func $pair)) (elem declare func $f)
  (data (i32.const 3) "abc") (data $d "passive")
  (func $pair (type $pair) (local f32 f64 v128 externref)
    (block (loop (br_table 0 1 0 (local.get 0)))) (block $out (result i64) (br_if $out (i64.const 3000000000) (local.get 0)))
    (if (param i64) (result i64) (local.get 0) (then) (else (drop) (i64.extend8_s (local.get 1))))
    (i32.trunc_sat_f64_u (f64.const 1.5)))
  (func $start
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)
    (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)) (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))
    (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e) (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))
    (drop (table.grow $x (ref.null extern) (table.size $t))) (table.fill $x (i32.const 0) (table.get $x (i32.const 0)) (i32.const 0))
    (drop (ref.is_null (select (result funcref) (ref.null func) (ref.func $f) (i32.const 1))))
    (call_indirect (param i32) (i32.const 5) (i32.const 1))
    (v128.store offset=16 (i32.const 0) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (global.get $m) (global.get $m)))
    (drop (f32x4.extract_lane 3 (v128.load8_lane offset=300 5 (i32.const 1) (f32x4.splat (f32.const 2)))))
    (drop (i64.load32_u offset=70000 align=4 (i32.const 0)))))`;
