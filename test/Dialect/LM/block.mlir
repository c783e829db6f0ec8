// RUN: xlstm-opt %s --verify-roundtrip | FileCheck %s
// RUN: xlstm-opt %s --xlstm-set-precision=type=bf16 | FileCheck %s --check-prefix=BF16
// Weights in blocks: what is written, and that a precision leaves them as they are stored.

// CHECK-LABEL: lm.model @decode
// BF16-LABEL: lm.model @decode
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %s: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "s"})
    -> (tensor<1x1x32xf32>, tensor<1x1xf32>) {
  // CHECK: param "q8_0" : tensor<64x32x!lm.block<i8, 32>>
  %table = lm.param "q8_0" : tensor<64x32x!lm.block<i8, 32>>
  // BF16: embed {{.*}} : (tensor<1x1xi64>, tensor<64x32x!lm.block<i8, 32>>) -> tensor<1x1x32xbf16>
  %x = lm.embed %ids, %table : (tensor<1x1xi64>, tensor<64x32x!lm.block<i8, 32>>) -> tensor<1x1x32xf32>
  // CHECK: param "q4_0" : tensor<32x32x!lm.block<i4, 32>>
  %w = lm.param "q4_0" : tensor<32x32x!lm.block<i4, 32, f16>>
  // BF16: linear {{.*}} : (tensor<1x1x32xbf16>, tensor<32x32x!lm.block<i4, 32>>) -> tensor<1x1x32xbf16>
  %a = lm.linear %x, %w : (tensor<1x1x32xf32>, tensor<32x32x!lm.block<i4, 32>>) -> tensor<1x1x32xf32>
  // CHECK: param "q4_1" : tensor<32x32x!lm.block<i4, 32, minimum>>
  %u = lm.param "q4_1" : tensor<32x32x!lm.block<i4, 32, minimum>>
  %b = lm.linear_add %a, %u to %a : (tensor<1x1x32xf32>, tensor<32x32x!lm.block<i4, 32, minimum>>, tensor<1x1x32xf32>) -> tensor<1x1x32xf32>
  // CHECK: param "scaled" : tensor<32x32x!lm.block<i4, 16, bf16, minimum>>
  %v = lm.param "scaled" : tensor<32x32x!lm.block<i4, 16, bf16, minimum>>
  %c = lm.linear %b, %v : (tensor<1x1x32xf32>, tensor<32x32x!lm.block<i4, 16, bf16, minimum>>) -> tensor<1x1x32xf32>
  lm.return %c, %s : tensor<1x1x32xf32>, tensor<1x1xf32>
}
