// RUN: xlstm-opt %s --xlstm-quantize='rules=int4,table=int8,*down*=bf16,*kept*=stored' | FileCheck %s
// RUN: xlstm-opt %s --xlstm-quantize | FileCheck %s --check-prefix=NONE
// RUN: not xlstm-opt %s --xlstm-quantize='rules=int8,lm_head*=int4' 2>&1 | FileCheck %s --check-prefix=UNUSED
// RUN: not xlstm-opt %s --xlstm-quantize='rules=int9' 2>&1 | FileCheck %s --check-prefix=TYPE
// Weights of projections and embeddings get the type of the last rule that fits; gates, norms, biases, small weights and
// rows without whole blocks keep theirs, and so does @model.

// UNUSED: error: expects weights of projections or embeddings that fit 'lm_head*', found none
// TYPE: error: expected a type of weights (stored, f32, bf16, f16, int8, int4, int4m), or pattern=type, found 'int9'

// CHECK-LABEL: lm.model @model
// CHECK: param "table" : tensor<32x64xf32>
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x64xf32> {
  %table = lm.param "table" : tensor<32x64xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<32x64xf32>) -> tensor<?x?x64xf32>
  lm.return %x : tensor<?x?x64xf32>
}

// CHECK-LABEL: lm.model @decode
// NONE-LABEL: lm.model @decode
// NONE-NOT: !lm.block
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x32xf32>, tensor<1x1xf32>) {
  // CHECK: param "table" : tensor<32x64x!lm.block<i8, 32>>
  %table = lm.param "table" : tensor<32x64xf32>
  %x = lm.embed %ids, %table : (tensor<1x1xi64>, tensor<32x64xf32>) -> tensor<1x1x64xf32>
  // CHECK: param "norm" : tensor<64xf32>
  %g = lm.param "norm" : tensor<64xf32>
  %n = lm.rms_norm %x, %g {eps = 1.0e-05 : f64} : tensor<1x1x64xf32>, tensor<64xf32>
  // CHECK: param "up" : tensor<64x64x!lm.block<i4, 32>>
  // CHECK: param "up.bias" : tensor<64xf32>
  %u = lm.param "up" : tensor<64x64xf32>
  %b = lm.param "up.bias" : tensor<64xf32>
  %1 = lm.linear %n, %u bias(%b) : (tensor<1x1x64xf32>, tensor<64x64xf32>, tensor<64xf32>) -> tensor<1x1x64xf32>
  // CHECK: param "kept" : tensor<64x64xf32>
  %k = lm.param "kept" : tensor<64x64xf32>
  %2 = lm.linear_add %1, %k to %x : (tensor<1x1x64xf32>, tensor<64x64xf32>, tensor<1x1x64xf32>) -> tensor<1x1x64xf32>
  // CHECK: param "down" : tensor<48x64xbf16>
  %d = lm.param "down" : tensor<48x64xf32>
  %3 = lm.linear %2, %d : (tensor<1x1x64xf32>, tensor<48x64xf32>) -> tensor<1x1x48xf32>
  // CHECK: param "odd" : tensor<64x48xf32>
  %o = lm.param "odd" : tensor<64x48xf32>
  %4 = lm.linear %3, %o : (tensor<1x1x48xf32>, tensor<64x48xf32>) -> tensor<1x1x64xf32>
  // CHECK: param "gate" {init = 0.000000e+00 : f32} : tensor<64x64xf32>
  // CHECK: param "small" : tensor<8x64xf32>
  %i = lm.param "gate" {init = 0.0 : f32} : tensor<64x64xf32>
  %5 = lm.linear %4, %i : (tensor<1x1x64xf32>, tensor<64x64xf32>) -> tensor<1x1x64xf32>
  %s = lm.param "small" : tensor<8x64xf32>
  %6 = lm.linear %5, %s : (tensor<1x1x64xf32>, tensor<8x64xf32>) -> tensor<1x1x8xf32>
  // CHECK: param "parted" : tensor<32x64x!lm.block<i4, 32>>
  // CHECK: take_blocks {{.*}} : tensor<32x64x!lm.block<i4, 32>> to tensor<32x32x!lm.block<i4, 32>>
  %p = lm.param "parted" : tensor<32x64xf32>
  %part = lm.take_blocks %p [1] of 32 along 1 : tensor<32x64xf32> to tensor<32x32xf32>
  %7 = lm.slice %5 from 0 : tensor<1x1x64xf32> to tensor<1x1x32xf32>
  %8 = lm.linear %7, %part : (tensor<1x1x32xf32>, tensor<32x32xf32>) -> tensor<1x1x32xf32>
  // A map of features is no projection: small integers would be too coarse for it.
  // CHECK: param "q_map" : tensor<2x16x16xbf16>
  %heads = lm.split_heads %8 : tensor<1x1x32xf32> to tensor<1x1x2x16xf32>
  %map = lm.param "q_map" : tensor<2x16x16xf32>
  %features = xlstm.feature_map softmax %heads, %map : (tensor<1x1x2x16xf32>, tensor<2x16x16xf32>) -> tensor<1x1x2x16xf32>
  %merged = lm.merge_heads %features : tensor<1x1x2x16xf32> to tensor<1x1x32xf32>
  lm.return %merged, %m : tensor<1x1x32xf32>, tensor<1x1xf32>
}
