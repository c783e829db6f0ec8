// RUN: xlstm-opt %s --xlstm-fuse-hybrid | FileCheck %s
// Compositions that look like the hybrid and are not what xlstm.hybrid can say.

// Values have fewer channels than queries.
// CHECK-LABEL: func.func @channels
// CHECK-NOT: xlstm.hybrid
// CHECK: xlstm.mix
func.func @channels(%q: tensor<1x2x2x8xf32>, %k: tensor<1x2x1x8xf32>, %v: tensor<1x2x1x4xf32>, %m: tensor<2x8x8xf32>, %g: tensor<1x2x2xf32>, %docs: tensor<1x2xi32>) -> tensor<1x2x2x4xf32> {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x2x2x8xf32>, tensor<2x8x8xf32>) -> tensor<1x2x2x8xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x2x1x8xf32>, tensor<2x8x8xf32>) -> tensor<1x2x2x8xf32>
  %mem = xlstm.mlstm chunkwise %qf, %kf, %v gates(%g, %g) docs(%docs) : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x1x4xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2xi32>) -> tensor<1x2x2x4xf32>
  %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x2x2x8xf32>, tensor<1x2x1x8xf32>, tensor<1x2x1x4xf32>, tensor<1x2xi32>) -> tensor<1x2x2x4xf32>
  %r = xlstm.mix %g, %mem, %near : tensor<1x2x2xf32>, tensor<1x2x2x4xf32>
  return %r : tensor<1x2x2x4xf32>
}

// A new state of the memory is read in front of the mix.
// CHECK-LABEL: func.func @early
// CHECK-NOT: xlstm.hybrid
// CHECK: xlstm.mix
func.func @early(%q: tensor<1x1x2x8xf32>, %k: tensor<1x1x1x8xf32>, %v: tensor<1x1x1x8xf32>, %m: tensor<2x8x8xf32>, %g: tensor<1x1x2xf32>, %pos: tensor<1xi32>,
  %S: tensor<1x2x8x8xf32>, %z: tensor<1x2x8xf32>, %mm: tensor<1x2xf32>, %rk: tensor<1x4x1x8xf32>, %rv: tensor<1x4x1x8xf32>) -> (tensor<1x1x2x8xf32>, tensor<1x2x8xf32>) {
  %qf = xlstm.feature_map softmax %q, %m : (tensor<1x1x2x8xf32>, tensor<2x8x8xf32>) -> tensor<1x1x2x8xf32>
  %kf = xlstm.feature_map softmax %k, %m : (tensor<1x1x1x8xf32>, tensor<2x8x8xf32>) -> tensor<1x1x2x8xf32>
  %mem, %n:3 = xlstm.mlstm recurrent %qf, %kf, %v gates(%g, %g) state(%S, %z, %mm) : (tensor<1x1x2x8xf32>, tensor<1x1x2x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>, tensor<1x2x8x8xf32>, tensor<1x2x8xf32>, tensor<1x2xf32>) -> (tensor<1x1x2x8xf32>, tensor<1x2x8x8xf32>, tensor<1x2x8xf32>, tensor<1x2xf32>)
  %early = lm.scale %n#1 {factor = 2.0 : f64} : tensor<1x2x8xf32>
  %near, %nk, %nv = lm.attention %q, %k, %v at %pos state(%rk, %rv) {scale = 0.5 : f64, window = 4 : i64} : (tensor<1x1x2x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1xi32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>) -> (tensor<1x1x2x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>)
  %r = xlstm.mix %g, %mem, %near : tensor<1x1x2xf32>, tensor<1x1x2x8xf32>
  return %r, %early : tensor<1x1x2x8xf32>, tensor<1x2x8xf32>
}
