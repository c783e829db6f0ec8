// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=0:2,3;1:2,3 mixer=window window=8' --xlstm-order-heads | FileCheck %s
// RUN: xlstm-opt %s --xlstm-linearize='keep-heads=0:1 mixer=window window=8' --xlstm-order-heads | FileCheck %s --check-prefix=SINGLE
// RUN: xlstm-opt %s --xlstm-linearize='layers=1 keep-heads=1:2,3 window=8 mixer=hybrid' --xlstm-order-heads --xlstm-build-prefill='batch=1 tokens=8 context=32' --xlstm-build-decode='batch=1 context=32' --xlstm-fuse-linear --xlstm-pack-linear --xlstm-inline-layers --convert-lm-to-kernel --xlstm-plan-memory | FileCheck %s --check-prefix=KERNELS
// RUN: xlstm-opt %s --xlstm-linearize='layers=0 keep-heads=0:2,3 window=8' --xlstm-order-heads --xlstm-build-decode=context=32 --xlstm-fuse-hybrid | FileCheck %s --check-prefix=FUSED
// RUN: xlstm-opt %s --xlstm-order-heads | FileCheck %s --check-prefix=NONE

// Layer 0: one key head of two is kept, behind the other: nothing is laid out anew, neighbours are taken in front of rope
// and norm. Layer 1: the second of four, of queries that a norm over all heads precedes: its rows come first.
// NONE-NOT: take_blocks
// CHECK-LABEL: lm.model @model(
// CHECK: layer 0
// CHECK: %[[WO:.*]] = lm.param "o0"
// CHECK-DAG: %[[OTHERS:.*]] = lm.take_blocks %[[WO]] [0, 1] of 4 along 1 : tensor<16x16xf32> to tensor<16x8xf32>
// CHECK-DAG: %[[KEPT:.*]] = lm.take_blocks %[[WO]] [2, 3] of 4 along 1 : tensor<16x16xf32> to tensor<16x8xf32>
// CHECK: %[[Q:.*]] = lm.linear %{{.*}}, %{{.*}} bias(%{{.*}})
// CHECK: %[[QH:.*]] = lm.split_heads %[[Q]]
// CHECK: %[[QK:.*]] = lm.take_heads %[[QH]] [2, 3]
// CHECK: %[[QN:.*]] = lm.rms_norm %[[QK]]
// CHECK: lm.rope %[[QN]]
// CHECK-NOT: join_heads
// CHECK: %[[Y0:.*]] = lm.linear %{{.*}}, %[[OTHERS]] : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
// CHECK: %[[S0:.*]] = lm.add %{{.*}}, %[[Y0]]
// CHECK: %[[Y1:.*]] = lm.linear %{{.*}}, %[[KEPT]]
// CHECK: lm.add %[[S0]], %[[Y1]]
// CHECK: layer 1
// CHECK: %[[WQ:.*]] = lm.param "q1"
// CHECK: %[[ROWS:.*]] = lm.take_blocks %[[WQ]] [2, 3, 0, 1, 4, 5, 6, 7] of 2 along 0
// CHECK: %[[WK:.*]] = lm.param "k1"
// CHECK: %[[KEYS:.*]] = lm.take_blocks %[[WK]] [1, 0, 2, 3] of 2 along 0
// CHECK: %[[NORM:.*]] = lm.take_blocks %{{.*}} [2, 3, 0, 1, 4, 5, 6, 7] of 2 along 0 : tensor<16xf32> to tensor<16xf32>
// CHECK: lm.linear %{{.*}}, %[[ROWS]]
// CHECK: %[[K:.*]] = lm.linear %{{.*}}, %[[KEYS]]
// CHECK: lm.rms_norm %{{.*}}, %[[NORM]]
// CHECK: %[[KH:.*]] = lm.split_heads %[[K]]
// CHECK: lm.take_heads %{{.*}} [0, 1]
// CHECK: lm.take_heads %[[KH]] [0]
// CHECK: lm.take_heads %{{.*}} [2, 3, 4, 5, 6, 7]
// CHECK: lm.take_heads %[[KH]] [1, 2, 3]
// CHECK-NOT: join_heads
// CHECK: return

// Head 1 of a group of two: its key head is in cache and window, whose queries are 0, 2 and 3 on repeated key heads. The
// queries still have an order, and nothing is joined; the keys are copied.
// SINGLE: layer 0
// SINGLE: lm.take_blocks %{{.*}} [{{.*}}] of 4 along 1
// SINGLE: lm.take_heads %{{.*}} [0, 1, 1]
// SINGLE-NOT: join_heads
// SINGLE: layer 1

// The fused step rotates the others' queries and keys; those of the kept heads are rotated apart.
// FUSED-LABEL: lm.model @decode
// FUSED-COUNT-2: = lm.rope
// FUSED-NOT: = lm.rope
// FUSED: xlstm.hybrid {{.*}}rope =

// No copies of heads: they are views of what the projection wrote. (In prefill the norm over all heads asks for rows
// side by side, kept heads or not.)
// KERNELS-LABEL: kernel.func @prefill
// KERNELS-DAG: kernel.weight "o1" blocks [0, 1, 4, 5, 6, 7] of 2 along 1 : memref<16x12xf32>
// KERNELS-DAG: kernel.weight "o1" blocks [2, 3] of 2 along 1 : memref<16x4xf32>
// KERNELS: kernel.copy
// KERNELS-NOT: kernel.copy
// KERNELS-LABEL: kernel.func @decode
// KERNELS-NOT: kernel.copy

lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> {
  %w = lm.param "table" : tensor<16x16xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  %positions = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %y0 = lm.layer 0 (%h = %e) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
    %wq = lm.param "q0" : tensor<16x16xf32>
    %bq = lm.param "b0" : tensor<16xf32>
    %wk = lm.param "k0" : tensor<8x16xf32>
    %wv = lm.param "v0" : tensor<8x16xf32>
    %wo = lm.param "o0" : tensor<16x16xf32>
    %nw = lm.param "n0" : tensor<4xf32>
    %q = lm.linear %h, %wq bias(%bq) : (tensor<?x?x16xf32>, tensor<16x16xf32>, tensor<16xf32>) -> tensor<?x?x16xf32>
    %k = lm.linear %h, %wk : (tensor<?x?x16xf32>, tensor<8x16xf32>) -> tensor<?x?x8xf32>
    %v = lm.linear %h, %wv : (tensor<?x?x16xf32>, tensor<8x16xf32>) -> tensor<?x?x8xf32>
    %sq = lm.split_heads %q : tensor<?x?x16xf32> to tensor<?x?x4x4xf32>
    %sk = lm.split_heads %k : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %sv = lm.split_heads %v : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %nq = lm.rms_norm %sq, %nw {eps = 1.0e-5 : f64} : tensor<?x?x4x4xf32>, tensor<4xf32>
    %rq = lm.rope %nq, %positions {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x4x4xf32>, tensor<?x?xi32>
    %rk = lm.rope %sk, %positions {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    %a = lm.attention %rq, %rk, %sv docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x4x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x4x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x4x4xf32> to tensor<?x?x16xf32>
    %o = lm.linear %m, %wo : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
    %r = lm.add %h, %o : tensor<?x?x16xf32>
    lm.yield %r : tensor<?x?x16xf32>
  }
  %y1 = lm.layer 1 (%h = %y0) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
    %wq = lm.param "q1" : tensor<16x16xf32>
    %wk = lm.param "k1" : tensor<8x16xf32>
    %wv = lm.param "v1" : tensor<8x16xf32>
    %wo = lm.param "o1" : tensor<16x16xf32>
    %nw = lm.param "n1" : tensor<16xf32>
    %q = lm.linear %h, %wq : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
    %k = lm.linear %h, %wk : (tensor<?x?x16xf32>, tensor<8x16xf32>) -> tensor<?x?x8xf32>
    %v = lm.linear %h, %wv : (tensor<?x?x16xf32>, tensor<8x16xf32>) -> tensor<?x?x8xf32>
    %nq = lm.rms_norm %q, %nw {eps = 1.0e-5 : f64} : tensor<?x?x16xf32>, tensor<16xf32>
    %sq = lm.split_heads %nq : tensor<?x?x16xf32> to tensor<?x?x8x2xf32>
    %sk = lm.split_heads %k : tensor<?x?x8xf32> to tensor<?x?x4x2xf32>
    %sv = lm.split_heads %v : tensor<?x?x8xf32> to tensor<?x?x4x2xf32>
    %a = lm.attention %sq, %sk, %sv docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x8x2xf32>, tensor<?x?x4x2xf32>, tensor<?x?x4x2xf32>, tensor<?x?xi32>) -> tensor<?x?x8x2xf32>
    %m = lm.merge_heads %a : tensor<?x?x8x2xf32> to tensor<?x?x16xf32>
    %o = lm.linear %m, %wo : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
    %r = lm.add %h, %o : tensor<?x?x16xf32>
    lm.yield %r : tensor<?x?x16xf32>
  }
  lm.return %y1 : tensor<?x?x16xf32>
}
