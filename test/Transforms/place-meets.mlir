// RUN: xlstm-opt %s --split-input-file --xlstm-place-meets | FileCheck %s
// Threads meet where a call reads what another has written since they last met, or writes what it read or wrote: by bytes,
// so that values which share a place meet, too. What only reads the same does not.

// CHECK-LABEL: kernel.func @decode on cpu
kernel.func @decode on cpu {
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x16xf32>
  %state = kernel.arena state : memref<64xi8>
  %weights = kernel.arena weights : memref<4096xi8>
  %scratch = kernel.arena scratch : memref<256xi8>
  %pos = kernel.state "position" init 0.0 : memref<1xi32> in %state[0] : memref<64xi8>
  %table = kernel.weight "table" : memref<16x16xf32> in %weights[0] : memref<4096xi8>
  %x = kernel.buffer : memref<1x1x16xf32> in %scratch[0] : memref<256xi8>
  %a = kernel.buffer : memref<1x1x16xf32> in %scratch[64] : memref<256xi8>
  %b = kernel.buffer : memref<1x1x16xf32> in %scratch[128] : memref<256xi8>
  // An earlier plan's.
  // CHECK-NOT: kernel.meet
  kernel.meet
  // CHECK: kernel.embed
  // CHECK-NEXT: kernel.meet
  // CHECK-NEXT: kernel.linear
  // CHECK-NEXT: kernel.scale
  // CHECK-NEXT: kernel.meet
  // CHECK-NEXT: kernel.add
  kernel.embed ids(%ids) table(%table) y(%x) : memref<1x1xi64>, memref<16x16xf32>, memref<1x1x16xf32>
  kernel.linear x(%x) w(%table) y(%a) : memref<1x1x16xf32>, memref<16x16xf32>, memref<1x1x16xf32>
  kernel.scale x(%x) y(%b) {factor = 2.0 : f32} : memref<1x1x16xf32>, memref<1x1x16xf32>
  kernel.add a(%a) b(%b) y(%logits) : memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1x16xf32>
  // A value in the place of x, which others may still be reading: but nobody since the last meeting.
  // CHECK: kernel.buffer
  // CHECK-NEXT: kernel.linear
  %c = kernel.buffer : memref<1x1x16xf32> in %scratch[0] : memref<256xi8>
  kernel.linear x(%a) w(%table) y(%c) : memref<1x1x16xf32>, memref<16x16xf32>, memref<1x1x16xf32>
  // In the place of a, which the linear in front reads.
  // CHECK: kernel.buffer
  // CHECK-NEXT: kernel.meet
  // CHECK-NEXT: kernel.scale
  %d = kernel.buffer : memref<1x1x16xf32> in %scratch[64] : memref<256xi8>
  kernel.scale x(%b) y(%d) {factor = 2.0 : f32} : memref<1x1x16xf32>, memref<1x1x16xf32>
  // CHECK-NEXT: kernel.advance
  kernel.advance pos(%pos) {tokens = 1 : i64} : memref<1xi32>
}

// -----

// A GPU's stream keeps the order.
// CHECK-LABEL: kernel.func @decode on cuda
// CHECK-NOT: kernel.meet
kernel.func @decode on cuda {
  %ids = kernel.ids : memref<1x1xi64>
  %logits = kernel.logits : memref<1x1x16xf32>
  %table = kernel.weight "table" : memref<16x16xf32>
  %x = kernel.buffer : memref<1x1x16xf32>
  kernel.embed ids(%ids) table(%table) y(%x) : memref<1x1xi64>, memref<16x16xf32>, memref<1x1x16xf32>
  kernel.scale x(%x) y(%logits) {factor = 2.0 : f32} : memref<1x1x16xf32>, memref<1x1x16xf32>
}
