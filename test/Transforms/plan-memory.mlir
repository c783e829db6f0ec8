// RUN: xlstm-opt %s --xlstm-plan-memory | FileCheck %s
// RUN: xlstm-opt %s --xlstm-plan-memory --xlstm-plan-memory | FileCheck %s
// Places of weights, states and buffers: one a name, parts of a join together, shared by values whose lifetimes do not
// meet, in place where a kernel allows it. On CUDA constants lie behind the weights. Planning again changes nothing.

// CHECK-LABEL: kernel.func @prefill on cuda
kernel.func @prefill on cuda {
  %ws = kernel.arena workspace : memref<?xi8>
  %ids = kernel.ids : memref<1x4xi64>
  // CHECK-DAG: %[[W:.*]] = kernel.arena weights : memref<1344xi8>
  // CHECK-DAG: %[[S:.*]] = kernel.arena state : memref<128xi8>
  // CHECK-DAG: %[[B:.*]] = kernel.arena scratch : memref<384xi8>
  // CHECK: kernel.state "position" {{.*}} in %[[S]][0]
  %pos = kernel.state "position" init 0.0 : memref<1xi32>
  // CHECK: kernel.state "s" {{.*}} in %[[S]][64]
  %s = kernel.state "s" init 0.0 : memref<1xi32>
  // Weights in the order of their first use.
  // CHECK: kernel.weight "table" : memref<16x8xf32> in %[[W]][0]
  %table = kernel.weight "table" : memref<16x8xf32>
  // CHECK: %[[X:.*]] = kernel.buffer : memref<1x4x8xf32> in %[[B]][[[#X0:]]]
  %x = kernel.buffer : memref<1x4x8xf32>
  kernel.embed ids(%ids) table(%table) y(%x) : memref<1x4xi64>, memref<16x8xf32>, memref<1x4x8xf32>
  // CHECK: kernel.weight "a" : memref<4x8xf32> in %[[W]][512]
  // CHECK: kernel.weight "b" : memref<3x8xf32> in %[[W]][640]
  %a = kernel.weight "a" : memref<4x8xf32>
  %b = kernel.weight "b" : memref<3x8xf32>
  %ab = kernel.join %a, %b : memref<4x8xf32>, memref<3x8xf32> to memref<7x8xf32>
  // CHECK: kernel.buffer : memref<1x4x7xf32> in %[[B]][
  %y = kernel.buffer : memref<1x4x7xf32>
  kernel.linear x(%x) w(%ab) y(%y) workspace(%ws) : memref<1x4x8xf32>, memref<7x8xf32>, memref<1x4x7xf32>, memref<?xi8>
  // The next weight begins at a multiple of 64 again.
  // CHECK: kernel.weight "w" : memref<8x8xf32> in %[[W]][768]
  %w = kernel.weight "w" : memref<8x8xf32>
  // CHECK: kernel.buffer : memref<1x4x8xf32> in %[[B]][[[#Z0:]]]
  %z = kernel.buffer : memref<1x4x8xf32>
  kernel.linear x(%x) w(%w) y(%z) workspace(%ws) : memref<1x4x8xf32>, memref<8x8xf32>, memref<1x4x8xf32>, memref<?xi8>
  // The sum lies where z was, which nobody reads any more; x is read again.
  // CHECK: kernel.buffer : memref<1x4x8xf32> in %[[B]][[[#Z0]]]
  %sum = kernel.buffer : memref<1x4x8xf32>
  kernel.add a(%x) b(%z) y(%sum) : memref<1x4x8xf32>, memref<1x4x8xf32>, memref<1x4x8xf32>
  // swiglu may not write where it reads: the place of y.
  // CHECK: kernel.buffer : memref<1x4x8xf32> in %[[B]][[[#G0:]]]
  %g = kernel.buffer : memref<1x4x8xf32>
  kernel.swiglu gate(%sum) up(%x) y(%g) : memref<1x4x8xf32>, memref<1x4x8xf32>, memref<1x4x8xf32>
  // CHECK: kernel.constant {{.*}} in %[[W]][1280]
  %f = kernel.constant dense<[8, 4, 2, 1]> : tensor<4xi64> : memref<4xi64>
  // CHECK: kernel.buffer : memref<1x4xi32> in
  %p = kernel.buffer : memref<1x4xi32>
  kernel.positions pos(%pos) positions(%p) : memref<1xi32>, memref<1x4xi32>
  %heads = kernel.view %g at 0 : memref<1x4x8xf32> to memref<1x4x1x8xf32>
  %r = kernel.buffer : memref<1x4x1x8xf32>
  kernel.rope x(%heads) positions(%p) turns(%f) y(%r) {factor = 1.0 : f32} : memref<1x4x1x8xf32>, memref<1x4xi32>, memref<4xi64>, memref<1x4x1x8xf32>
  %last = kernel.view %r at 96 : memref<1x4x1x8xf32> to memref<1x1x8xf32>
  %logits = kernel.logits : memref<1x1x8xf32>
  kernel.copy x(%last) y(%logits) : memref<1x1x8xf32>, memref<1x1x8xf32>
  kernel.advance pos(%s) {tokens = 4 : i64} : memref<1xi32>
}

// Names keep their places, whatever the order; a further weight comes behind.
// CHECK-LABEL: kernel.func @decode on cuda
kernel.func @decode on cuda {
  // CHECK: kernel.arena {{.*}}
  // CHECK: kernel.weight "w" : memref<8x8xf32> in %{{.*}}[768]
  %w = kernel.weight "w" : memref<8x8xf32>
  // CHECK: kernel.state "s" {{.*}}[64]
  %s = kernel.state "s" init 0.0 : memref<1xi32>
  // CHECK: kernel.weight "more" : memref<8x8xf32> in %{{.*}}[1024]
  %more = kernel.weight "more" : memref<8x8xf32>
  %sum = kernel.buffer : memref<8x8xf32>
  kernel.add a(%w) b(%more) y(%sum) : memref<8x8xf32>, memref<8x8xf32>, memref<8x8xf32>
  kernel.advance pos(%s) {tokens = 1 : i64} : memref<1xi32>
}


// A state of a text of its own lies where that of another function's only row does: its place is one row's.
// CHECK-LABEL: kernel.func @decode_many on cuda attributes {rows_apart}
kernel.func @decode_many on cuda attributes {rows_apart} {
  %ids = kernel.ids : memref<8x1xi64>
  // CHECK: %[[S:.*]] = kernel.arena state : memref<128xi8>
  // CHECK: kernel.state "position" {{.*}} : memref<8xi32> in %[[S]][0]
  %pos = kernel.state "position" init 0.0 : memref<8xi32>
  // CHECK: kernel.state "s" {{.*}} : memref<8xi32> in %[[S]][64]
  %s = kernel.state "s" init 0.0 : memref<8xi32>
  %p = kernel.buffer : memref<8x1xi32>
  kernel.positions pos(%pos) positions(%p) : memref<8xi32>, memref<8x1xi32>
  kernel.advance pos(%pos) {tokens = 1 : i64} : memref<8xi32>
  kernel.advance pos(%s) {tokens = 1 : i64} : memref<8xi32>
}
