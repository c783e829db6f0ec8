// RUN: xlstm-opt %s --xlstm-fuse-hybrid='kernel-widths' | FileCheck %s --check-prefixes=CHECK,KERNEL
// RUN: xlstm-opt %s --xlstm-fuse-hybrid | FileCheck %s --check-prefixes=CHECK,ANY
// Head widths that the kernels take, and those beside them; branches that read other documents.

// CHECK-LABEL: func.func @width8(
// KERNEL: xlstm.hybrid
// ANY: xlstm.hybrid
func.func @width8(%q: tensor<1x2x2x8xf32>, %k: tensor<1x2x1x8xf32>, %v: tensor<1x2x1x8xf32>, %m: tensor<2x8x8xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>, %other: tensor<1x2xi32>) -> tensor<1x2x2x8xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x8xf32>, tensor<2x8x8xf32>) -> tensor<1x2x2x8xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x8xf32>, tensor<2x8x8xf32>) -> tensor<1x2x2x8xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x8xf32>
  %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2xi32>) -> tensor<1x2x2x8xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x8xf32>
  return %r : tensor<1x2x2x8xf32>
}

// CHECK-LABEL: func.func @width248(
// KERNEL: xlstm.hybrid
// ANY: xlstm.hybrid
func.func @width248(%q: tensor<1x2x2x248xf32>, %k: tensor<1x2x1x248xf32>, %v: tensor<1x2x1x248xf32>, %m: tensor<2x248x248xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>, %other: tensor<1x2xi32>) -> tensor<1x2x2x248xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x248xf32>, tensor<2x248x248xf32>) -> tensor<1x2x2x248xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x248xf32>, tensor<2x248x248xf32>) -> tensor<1x2x2x248xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x248xf32>, tensor<1x2x2x248xf32>, tensor<1x2x1x248xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x248xf32>
  %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x248xf32>, tensor<1x2x1x248xf32>, tensor<1x2x1x248xf32>, tensor<1x2xi32>) -> tensor<1x2x2x248xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x248xf32>
  return %r : tensor<1x2x2x248xf32>
}

// CHECK-LABEL: func.func @width256(
// KERNEL: xlstm.hybrid
// ANY: xlstm.hybrid
func.func @width256(%q: tensor<1x2x2x256xf32>, %k: tensor<1x2x1x256xf32>, %v: tensor<1x2x1x256xf32>, %m: tensor<2x256x256xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>, %other: tensor<1x2xi32>) -> tensor<1x2x2x256xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x256xf32>, tensor<2x256x256xf32>) -> tensor<1x2x2x256xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x256xf32>, tensor<2x256x256xf32>) -> tensor<1x2x2x256xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x256xf32>, tensor<1x2x2x256xf32>, tensor<1x2x1x256xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x256xf32>
  %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x256xf32>, tensor<1x2x1x256xf32>, tensor<1x2x1x256xf32>, tensor<1x2xi32>) -> tensor<1x2x2x256xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x256xf32>
  return %r : tensor<1x2x2x256xf32>
}

// CHECK-LABEL: func.func @width4(
// KERNEL-NOT: xlstm.hybrid
// KERNEL: xlstm.mix
// ANY: xlstm.hybrid
func.func @width4(%q: tensor<1x2x2x4xf32>, %k: tensor<1x2x1x4xf32>, %v: tensor<1x2x1x4xf32>, %m: tensor<2x4x4xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>, %other: tensor<1x2xi32>) -> tensor<1x2x2x4xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x4xf32>, tensor<2x4x4xf32>) -> tensor<1x2x2x4xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x4xf32>, tensor<2x4x4xf32>) -> tensor<1x2x2x4xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x4xf32>
  %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2xi32>) -> tensor<1x2x2x4xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x4xf32>
  return %r : tensor<1x2x2x4xf32>
}

// CHECK-LABEL: func.func @width20(
// KERNEL-NOT: xlstm.hybrid
// KERNEL: xlstm.mix
// ANY: xlstm.hybrid
func.func @width20(%q: tensor<1x2x2x20xf32>, %k: tensor<1x2x1x20xf32>, %v: tensor<1x2x1x20xf32>, %m: tensor<2x20x20xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>, %other: tensor<1x2xi32>) -> tensor<1x2x2x20xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x20xf32>, tensor<2x20x20xf32>) -> tensor<1x2x2x20xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x20xf32>, tensor<2x20x20xf32>) -> tensor<1x2x2x20xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x20xf32>, tensor<1x2x2x20xf32>, tensor<1x2x1x20xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x20xf32>
  %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x20xf32>, tensor<1x2x1x20xf32>, tensor<1x2x1x20xf32>, tensor<1x2xi32>) -> tensor<1x2x2x20xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x20xf32>
  return %r : tensor<1x2x2x20xf32>
}

// CHECK-LABEL: func.func @width264(
// KERNEL-NOT: xlstm.hybrid
// KERNEL: xlstm.mix
// ANY: xlstm.hybrid
func.func @width264(%q: tensor<1x2x2x264xf32>, %k: tensor<1x2x1x264xf32>, %v: tensor<1x2x1x264xf32>, %m: tensor<2x264x264xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>, %other: tensor<1x2xi32>) -> tensor<1x2x2x264xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x264xf32>, tensor<2x264x264xf32>) -> tensor<1x2x2x264xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x264xf32>, tensor<2x264x264xf32>) -> tensor<1x2x2x264xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x264xf32>, tensor<1x2x2x264xf32>, tensor<1x2x1x264xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x264xf32>
  %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x264xf32>, tensor<1x2x1x264xf32>, tensor<1x2x1x264xf32>, tensor<1x2xi32>) -> tensor<1x2x2x264xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x264xf32>
  return %r : tensor<1x2x2x264xf32>
}

// CHECK-LABEL: func.func @documents(
// CHECK-NOT: xlstm.hybrid
// CHECK: xlstm.mix
func.func @documents(%q: tensor<1x2x2x8xf32>, %k: tensor<1x2x1x8xf32>, %v: tensor<1x2x1x8xf32>, %m: tensor<2x8x8xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>, %other: tensor<1x2xi32>) -> tensor<1x2x2x8xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x8xf32>, tensor<2x8x8xf32>) -> tensor<1x2x2x8xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x8xf32>, tensor<2x8x8xf32>) -> tensor<1x2x2x8xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x8xf32>
  %near = lm.attention %q, %k, %v docs(%other) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2xi32>) -> tensor<1x2x2x8xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x8xf32>
  return %r : tensor<1x2x2x8xf32>
}
