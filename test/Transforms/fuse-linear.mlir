// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-linearize='window=8 sinks=2' --xlstm-build-decode='batch=1' --xlstm-fuse-hybrid --xlstm-fuse-linear | FileCheck %s
// The residual becomes part of the projection behind the mixer; @model stays.

// CHECK-LABEL: lm.model @model
// CHECK: lm.add
// CHECK-LABEL: lm.model @decode
// CHECK: %[[M:.*]] = lm.merge_heads
// CHECK: %[[Y:.*]] = lm.linear_add %[[M]], %{{.*}} to %{{.*}} : (tensor<1x1x8xf32>, tensor<8x8xbf16>, tensor<1x1x8xf32>) -> tensor<1x1x8xf32>
// CHECK-NOT: lm.add
// CHECK: lm.yield %[[Y]]
