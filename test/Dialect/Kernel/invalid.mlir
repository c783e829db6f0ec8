// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// One case a numbered constraint of docs/Spec/Kernel.md.

// func C1
kernel.func @f on cpu {
  // expected-error @below {{'lm.param' op is not an op of a kernel.func}}
  %w = lm.param "w" : tensor<8xf32>
}

// -----

// func C2
kernel.func @f on cpu {
  %a = kernel.buffer : memref<8xbf16>
  // expected-error @below {{'kernel.scale' op has no kernel on cpu for types 'bf16', 'bf16'}}
  kernel.scale x(%a) y(%a) {factor = 2.0 : f32} : memref<8xbf16>, memref<8xbf16>
}

// -----

// func C3
kernel.func @f on cpu {
  %a = kernel.buffer : memref<8xf32>
  %b = kernel.buffer : memref<8xf32>
  // expected-error @below {{'kernel.scale' op reads x, which nothing has written}}
  kernel.scale x(%a) y(%b) {factor = 2.0 : f32} : memref<8xf32>, memref<8xf32>
}

// -----

// func C4
// A stale plan: b lies where a does, and a is read after b was written.
kernel.func @f on cpu {
  %scratch = kernel.arena scratch : memref<128xi8>
  %w = kernel.weight "w" : memref<16xf32>
  %a = kernel.buffer : memref<16xf32> in %scratch[0] : memref<128xi8>
  %b = kernel.buffer : memref<16xf32> in %scratch[32] : memref<128xi8>
  kernel.scale x(%w) y(%a) {factor = 2.0 : f32} : memref<16xf32>, memref<16xf32>
  // expected-note @below {{here}}
  kernel.scale x(%w) y(%b) {factor = 3.0 : f32} : memref<16xf32>, memref<16xf32>
  // expected-error @below {{'kernel.add' op reads a, which another value has overwritten}}
  kernel.add a(%a) b(%w) y(%b) : memref<16xf32>, memref<16xf32>, memref<16xf32>
}

// -----

// func C4
// Two states in one place.
kernel.func @f on cpu {
  %state = kernel.arena state : memref<64xi8>
  %s = kernel.state "s" init 0.0 : memref<1xi32> in %state[0] : memref<64xi8>
  // expected-note @below {{here}}
  %t = kernel.state "t" init 0.0 : memref<1xi32> in %state[0] : memref<64xi8>
  // expected-error @below {{'kernel.advance' op reads pos, which another value has overwritten}}
  kernel.advance pos(%s) {tokens = 1 : i64} : memref<1xi32>
}

// -----

// func C5
kernel.func @f on cpu {
  %w = kernel.weight "w" : memref<8xf32>
  // expected-error @below {{'kernel.scale' op expects y in memory that may be written}}
  kernel.scale x(%w) y(%w) {factor = 2.0 : f32} : memref<8xf32>, memref<8xf32>
}

// -----

// func C5
// swiglu may not write where it reads; add may, in exactly the same place.
kernel.func @f on cpu {
  %w = kernel.weight "w" : memref<1x8xf32>
  %a = kernel.buffer : memref<1x8xf32>
  kernel.add a(%w) b(%w) y(%a) : memref<1x8xf32>, memref<1x8xf32>, memref<1x8xf32>
  kernel.add a(%a) b(%w) y(%a) : memref<1x8xf32>, memref<1x8xf32>, memref<1x8xf32>
  // expected-error @below {{'kernel.swiglu' op expects y not to lie where gate does}}
  kernel.swiglu gate(%a) up(%w) y(%a) : memref<1x8xf32>, memref<1x8xf32>, memref<1x8xf32>
}

// -----

// func C5
kernel.func @f on cpu {
  %w = kernel.weight "w" : memref<16xf32>
  %a = kernel.buffer : memref<16xf32>
  kernel.add a(%w) b(%w) y(%a) : memref<16xf32>, memref<16xf32>, memref<16xf32>
  %low = kernel.view %a at 0 : memref<16xf32> to memref<8xf32>
  %high = kernel.view %a at 16 : memref<16xf32> to memref<8xf32>
  // expected-error @below {{'kernel.add' op expects y not to lie where a does}}
  kernel.add a(%low) b(%low) y(%high) : memref<8xf32>, memref<8xf32>, memref<8xf32>
}

// -----

// func C6
kernel.func @f on cuda {
  %w = kernel.weight "w" : memref<8x8xf32>
  %y = kernel.buffer : memref<8x8xf32>
  // expected-error @below {{'kernel.linear' op expects workspace, an arena of that kind on cuda}}
  kernel.linear x(%w) w(%w) y(%y) : memref<8x8xf32>, memref<8x8xf32>, memref<8x8xf32>
}

// -----

// func C6
kernel.func @f on cpu {
  %m = kernel.arena workspace : memref<?xi8>
  %w = kernel.weight "w" : memref<8x8xf32>
  %y = kernel.buffer : memref<8x8xf32>
  // expected-error @below {{'kernel.linear' op expects no workspace on cpu}}
  kernel.linear x(%w) w(%w) y(%y) workspace(%m) : memref<8x8xf32>, memref<8x8xf32>, memref<8x8xf32>, memref<?xi8>
}

// -----

// func C7
kernel.func @f on cpu {
  %weights = kernel.arena weights : memref<192xi8>
  %a = kernel.weight "a" : memref<8xf32> in %weights[0] : memref<192xi8>
  %b = kernel.weight "b" : memref<8xf32> in %weights[64] : memref<192xi8>
  // expected-error @below {{'kernel.join' op expects its parts one behind the other, found one at 64 instead of 32}}
  %ab = kernel.join %a, %b : memref<8xf32>, memref<8xf32> to memref<16xf32>
}

// -----

// func C8
kernel.func @f on cuda {
  %m = kernel.arena workspace : memref<?xi8>
  %w = kernel.weight "w" : memref<8x8xf32>
  %x = kernel.buffer : memref<8x8xf32>
  %y = kernel.buffer : memref<8x8xf32>
  kernel.linear x(%w) w(%w) y(%x) workspace(%m) : memref<8x8xf32>, memref<8x8xf32>, memref<8x8xf32>, memref<?xi8>
  // expected-error @below {{'kernel.linear' op expects the call in front of it to be a kernel.linear of the same x}}
  kernel.linear x(%x) w(%w) y(%y) workspace(%m) {beside} : memref<8x8xf32>, memref<8x8xf32>, memref<8x8xf32>, memref<?xi8>
}

// -----

// arena C1
// expected-error @below {{'kernel.arena' op expects memref<its bytesxi8>, found 'memref<?xi8>'}}
%a = "kernel.arena"() {kind = 2 : i32} : () -> memref<?xi8>

// -----

// buffer C1
// expected-error @below {{'kernel.buffer' op expects a dense static view, found 'memref<4x4xf32, strided<[8, 1]>>'}}
%a = kernel.buffer : memref<4x4xf32, strided<[8, 1]>>

// -----

// buffer C1
// expected-error @below {{'kernel.state' op expects a dense static view, found 'memref<4611686018427387904x4xf32>'}}
%a = kernel.state "s" init 0.0 : memref<4611686018427387904x4xf32>

// -----

// buffer C2
%weights = kernel.arena weights : memref<64xi8>
// expected-error @below {{'kernel.buffer' op expects a place in arena scratch}}
%a = kernel.buffer : memref<4xf32> in %weights[0] : memref<64xi8>

// -----

// buffer C3
%scratch = kernel.arena scratch : memref<64xi8>
// expected-error @below {{'kernel.buffer' op expects 16 bytes at a multiple of 4 within 64 of the arena, found offset 52}}
%a = kernel.buffer : memref<4xf32> in %scratch[52] : memref<64xi8>

// -----

// constant C4
// expected-error @below {{'kernel.constant' op expects dense numbers of its own shape and type}}
%a = kernel.constant dense<[1.0, 0.5]> : tensor<2xf32> : memref<4xf32>

// -----

// view C1
%x = kernel.buffer : memref<4xf32>
// expected-error @below {{'kernel.view' op expects static views, found 'memref<4xf32>' and 'memref<?xf32>'}}
%a = kernel.view %x at 0 : memref<4xf32> to memref<?xf32>

// -----

// view C2
%x = kernel.buffer : memref<4xf32>
// expected-error @below {{'kernel.view' op expects elements within the 16 bytes of its source, found 16 bytes of 'memref<4xf32>' at 4}}
%a = kernel.view %x at 4 : memref<4xf32> to memref<4xf32>

// -----

// join C1
%x = kernel.weight "x" : memref<4x8xf32>
%y = kernel.weight "y" : memref<4x4xf32>
// expected-error @below {{'kernel.join' op expects weights with the rows of 'memref<8x8xf32>', found 'memref<4x4xf32>'}}
%a = kernel.join %x, %y : memref<4x8xf32>, memref<4x4xf32> to memref<8x8xf32>

// -----

// join C2
%x = kernel.weight "x" : memref<4x8xf32>
// expected-error @below {{'kernel.join' op expects two parts or more, found 1}}
%a = kernel.join %x : memref<4x8xf32> to memref<8x8xf32>

// -----

// join C2
%x = kernel.weight "x" : memref<4x8xf32>
// expected-error @below {{'kernel.join' op expects parts with 9 rows together, found 8}}
%a = kernel.join %x, %x : memref<4x8xf32>, memref<4x8xf32> to memref<9x8xf32>

// -----

// join C2
// expected-error @below {{'kernel.join' op expects two parts or more, found 0}}
%a = "kernel.join"() : () -> memref<f32>

// -----

// call C1
%x = kernel.buffer : memref<1x4x16xf32>
%y = kernel.buffer : memref<1x4x8xf32>
%w = kernel.weight "w" : memref<8x8xf32>
%half = kernel.view %x at 0 : memref<1x4x16xf32> to memref<1x4x8xf32, strided<[64, 16, 1]>>
// expected-error @below {{'kernel.linear' op expects the elements of x side by side, found 'memref<1x4x8xf32, strided<[64, 16, 1]>>'}}
kernel.linear x(%half) w(%w) y(%y) : memref<1x4x8xf32, strided<[64, 16, 1]>>, memref<8x8xf32>, memref<1x4x8xf32>

// -----

// weight C4
// expected-error @below {{'kernel.weight' op expects 2 blocks of 3 in dimension 1, found 'memref<8x8xf32>'}}
%w = kernel.weight "w" blocks [0, 2] of 3 along 1 : memref<8x8xf32>

// -----

// weight C4
// expected-error @below {{'kernel.weight' op expects blocks, their size and their dimension together}}
%w = kernel.weight "w" {size = 4 : i64} : memref<8x8xf32>

// -----

// call C1
// Rows of two texts that are not equally far apart.
%x = kernel.buffer : memref<2x4x16xf32>
%y = kernel.buffer : memref<2x2x8xf32>
%part = kernel.view %x at 0 : memref<2x4x16xf32> to memref<2x2x8xf32, strided<[64, 16, 1]>>
// expected-error @below {{'kernel.copy' op expects dense rows in x, found 'memref<2x2x8xf32, strided<[64, 16, 1]>>'}}
kernel.copy x(%part) y(%y) : memref<2x2x8xf32, strided<[64, 16, 1]>>, memref<2x2x8xf32>

// -----

// call C2
%x = kernel.buffer : memref<1x4x8xf32>
%y = kernel.buffer : memref<1x4x8xf32>
%w = kernel.weight "w" : memref<8x16xf32>
// expected-error @below {{'kernel.linear' op expects dimension in of w to be 8 as in x, found 16}}
kernel.linear x(%x) w(%w) y(%y) : memref<1x4x8xf32>, memref<8x16xf32>, memref<1x4x8xf32>

// -----

// call C2
// Half as many turns as channels.
%x = kernel.buffer : memref<1x4x2x8xf32>
%p = kernel.buffer : memref<1x4xi32>
%f = kernel.constant dense<[4, 2, 1]> : tensor<3xi64> : memref<3xi64>
// expected-error @below {{'kernel.rope' op expects dimension d of turns to be 4 as in x, found 3}}
kernel.rope x(%x) positions(%p) turns(%f) y(%x) {factor = 1.0 : f32}
  : memref<1x4x2x8xf32>, memref<1x4xi32>, memref<3xi64>, memref<1x4x2x8xf32>

// -----

// call C3
%q = kernel.buffer : memref<1x1x1x264xf32>
%g = kernel.buffer : memref<1x1x1xf32>
%m = kernel.weight "m" : memref<1x264x264xf32>
%S = kernel.state "S" init 0.0 : memref<1x1x264x264xf32>
%z = kernel.state "z" init 0.0 : memref<1x1x264xf32>
%max = kernel.state "m" init 0.0 : memref<1x1xf32>
%r = kernel.state "r" init 0.0 : memref<1x4x1x264xf32>
%pos = kernel.state "pos" init 0.0 : memref<1xi32>
// expected-error @below {{'kernel.hybrid_step' op expects dimension d to be at most 256, found 264}}
kernel.hybrid_step q(%q) k(%q) v(%q) i_gate(%g) f_gate(%g) o_gate(%g) q_map(%m) k_map(%m) S(%S) z(%z) max(%max)
  ring_k(%r) ring_v(%r) pos(%pos) h(%q) {scale = 1.0 : f32, rope_factor = 1.0 : f32}
  : memref<1x1x1x264xf32>, memref<1x1x1x264xf32>, memref<1x1x1x264xf32>, memref<1x1x1xf32>, memref<1x1x1xf32>,
    memref<1x1x1xf32>, memref<1x264x264xf32>, memref<1x264x264xf32>, memref<1x1x264x264xf32>, memref<1x1x264xf32>,
    memref<1x1xf32>, memref<1x4x1x264xf32>, memref<1x4x1x264xf32>, memref<1xi32>, memref<1x1x1x264xf32>

// -----

// call C2
// A row of panels has 32 columns an element.
%x = kernel.buffer : memref<1x1x64xf32>
%w = kernel.weight "w" : memref<32x3x!kernel.panel<q8>>
%y = kernel.buffer : memref<1x1x32xf32>
// expected-error @below {{'kernel.linear_panels' op expects dimension in of w to be 2 as in x, found 3}}
kernel.linear_panels x(%x) w(%w) y(%y) : memref<1x1x64xf32>, memref<32x3x!kernel.panel<q8>>, memref<1x1x32xf32>

// -----

// join C3
%a = kernel.weight "a" : memref<24x2x!kernel.panel<q8>>
%b = kernel.weight "b" : memref<32x2x!kernel.panel<q8>>
// expected-error @below {{'kernel.join' op expects parts of whole panels of 16 rows, found 24}}
%ab = kernel.join %a, %b : memref<24x2x!kernel.panel<q8>>, memref<32x2x!kernel.panel<q8>> to memref<56x2x!kernel.panel<q8>>

// -----

// weight C4
// expected-error @below {{'kernel.weight' op expects 2 blocks of 32 in dimension 1, found 'memref<64x3x!kernel.panel<q4>>'}}
%w = kernel.weight "w" blocks [1, 0] of 32 along 1 : memref<64x3x!kernel.panel<q4>>

// -----

// func C9
kernel.func @f on cpu attributes {rows_apart} {
  %ids = kernel.ids : memref<4x1xi64>
  // expected-error @below {{'kernel.state' op expects 4 rows as in the ids of a function with rows_apart, found 'memref<1xi32>'}}
  %pos = kernel.state "position" init 0.0 : memref<1xi32>
}

// -----

// func C9
kernel.func @f on cpu attributes {rows_apart} {
  %ids = kernel.ids : memref<4x1xi64>
  %pos = kernel.state "position" init 0.0 : memref<4xi32>
  %all = kernel.buffer : memref<2x2xi32>
  %one = kernel.view %all at 0 : memref<2x2xi32> to memref<4x1xi32>
  kernel.positions pos(%pos) positions(%one) : memref<4xi32>, memref<4x1xi32>
  %x = kernel.buffer : memref<1x4x1xi32>
  // expected-error @below {{'kernel.positions' op expects 4 rows as in the ids of a function with rows_apart, found 'memref<1x4x1xi32>'}}
  kernel.positions pos(%pos) positions(%x) : memref<4xi32>, memref<1x4x1xi32>
}

// -----

// func C9
// expected-error @below {{'kernel.func' op expects ids of one token a row where rows are apart}}
kernel.func @f on cpu attributes {rows_apart} {
  %ids = kernel.ids : memref<4x2xi64>
}
