// RUN: xlstm-opt %s --xlstm-store-weights='type=bf16' | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: xlstm-opt %s --xlstm-store-weights='type=f16' | FileCheck %s --check-prefixes=CHECK,F16
// RUN: xlstm-opt %s --xlstm-store-weights='type=bf16' --xlstm-store-weights | FileCheck %s --check-prefixes=CHECK,F32
// RUN: not xlstm-opt %s --xlstm-store-weights='type=int8' 2>&1 | FileCheck %s --check-prefix=NAME
// Every weight of floats gets the type, and what takes blocks of it; activations and weights of blocks keep theirs.

// NAME: error

// CHECK-LABEL: lm.model @model(
// BF16: param "table" : tensor<16x32xbf16>
// F16: param "table" : tensor<16x32xf16>
// F32: param "table" : tensor<16x32xf32>
// BF16: take_blocks {{.*}} : tensor<16x32xbf16> to tensor<8x32xbf16>
// CHECK: -> tensor<?x?x32xf32>
// BF16: param "gate" {init = 4.000000e+00 : f32} : tensor<8xbf16>
// F16: param "gate" {init = 4.000000e+00 : f32} : tensor<8xf16>
// F32: param "gate" {init = 4.000000e+00 : f32} : tensor<8xf32>
// CHECK: param "small" : tensor<8x32x!lm.block<i8, 32>>
// CHECK: return {{.*}} : tensor<?x?x8xf32>
lm.model @model(%ids: tensor<?x?xi64>) -> tensor<?x?x8xf32> {
  %table = lm.param "table" : tensor<16x32xf32>
  %half = lm.take_blocks %table [1] of 8 along 0 : tensor<16x32xf32> to tensor<8x32xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x32xf32>) -> tensor<?x?x32xf32>
  %gate = lm.param "gate" {init = 4.0 : f32} : tensor<8xf32>
  %small = lm.param "small" : tensor<8x32x!lm.block<i8, 32>>
  %y = lm.linear %x, %half bias(%gate) : (tensor<?x?x32xf32>, tensor<8x32xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %z = lm.linear %x, %small : (tensor<?x?x32xf32>, tensor<8x32x!lm.block<i8, 32>>) -> tensor<?x?x8xf32>
  %s = lm.add %y, %z : tensor<?x?x8xf32>
  lm.return %s : tensor<?x?x8xf32>
}

// A pack of such weights has their type.
// CHECK-LABEL: lm.model @packed(
// BF16: pack {{.*}} : tensor<8x32xbf16>, tensor<8x32xbf16> to tensor<16x32xbf16>
// F16: pack {{.*}} : tensor<8x32xf16>, tensor<8x32xf16> to tensor<16x32xf16>
// F32: pack {{.*}} : tensor<8x32xf32>, tensor<8x32xf32> to tensor<16x32xf32>
lm.model @packed(%x: tensor<?x?x32xf32>) -> tensor<?x?x16xf32> {
  %a = lm.param "a" : tensor<8x32xf32>
  %b = lm.param "b" : tensor<8x32xf32>
  %w = lm.pack %a, %b : tensor<8x32xf32>, tensor<8x32xf32> to tensor<16x32xf32>
  %y = lm.linear %x, %w : (tensor<?x?x32xf32>, tensor<16x32xf32>) -> tensor<?x?x16xf32>
  lm.return %y : tensor<?x?x16xf32>
}
