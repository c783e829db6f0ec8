// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-linearize='window=8 sinks=2' --xlstm-build-decode='batch=1' --xlstm-fuse-hybrid --xlstm-fuse-linear | FileCheck %s
// The projections of a value follow one another, their weights in front; the residual becomes part of the last one.

// CHECK-LABEL: lm.model @model
// CHECK: lm.add
// CHECK-LABEL: lm.model @decode
// CHECK: %[[X:.*]] = lm.rms_norm
// CHECK: lm.linear %[[X]], {{.*}} -> tensor<1x1x8xf32>
// CHECK: lm.linear %[[X]], {{.*}} -> tensor<1x1x4xf32>
// CHECK: lm.linear %[[X]], {{.*}} -> tensor<1x1x4xf32>
// CHECK-NOT: split_heads
// CHECK: %[[I:.*]] = lm.linear %[[X]], {{.*}} -> tensor<1x1x2xf32>
// CHECK: %[[F:.*]] = lm.linear %[[X]], {{.*}} -> tensor<1x1x2xf32>
// CHECK: xlstm.hybrid {{.*}} gates(%{{.*}}, %[[I]], %[[F]])
// CHECK: %[[M:.*]] = lm.merge_heads
// CHECK: %[[Y:.*]] = lm.linear_add %[[M]], %{{.*}} to %{{.*}} : (tensor<1x1x8xf32>, tensor<8x8xbf16>, tensor<1x1x8xf32>) -> tensor<1x1x8xf32>
// CHECK-NOT: lm.add
// CHECK: lm.yield %[[Y]]
