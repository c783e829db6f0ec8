// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-linearize='window=8 sinks=2' --xlstm-build-decode='batch=1' --xlstm-fuse-hybrid --xlstm-set-precision='type=bf16' | FileCheck %s
// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-linearize='window=8 sinks=2' --xlstm-build-decode='batch=1' --xlstm-set-precision='type=bf16' | FileCheck %s --check-prefix=APART
// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-build-prefill='batch=1 tokens=4' --xlstm-set-precision | FileCheck %s --check-prefix=F32
// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-build-align='window=8 sinks=2' --xlstm-linearize='window=8 sinks=2' --xlstm-build-distill --xlstm-fuse-hybrid --xlstm-set-precision='type=bf16 functions=align,distill' | FileCheck %s --check-prefix=TRAIN
// RUN: not xlstm-opt %S/fuse-hybrid.mlir --xlstm-set-precision='type=bf16 functions=distil' 2>&1 | FileCheck %s --check-prefix=NAME
// Activations and their weights have one type; gates, memory and logits are float32; rings have the type of the keys.

// CHECK-LABEL: lm.model @model
// CHECK: embed {{.*}} -> tensor<?x?x8xf32>
// CHECK-LABEL: lm.model @decode
// CHECK-SAME: tensor<1x2x4x4xf32> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.S"}
// CHECK-SAME: tensor<1x8x1x4xbf16> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.ring_k"}
// CHECK-SAME: tensor<1x2x1x4xbf16> {lm.init = 0.000000e+00 : f32, lm.state = "layers.0.sink_v"}
// CHECK-SAME: -> (tensor<1x1x16xf32> {lm.name = "logits"}
// CHECK: embed {{.*}} (tensor<1x1xi64>, tensor<16x8xbf16>) -> tensor<1x1x8xbf16>
// CHECK: layer 0 {{.*}} : (tensor<1x1x8xbf16>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>, tensor<1x8x1x4xbf16>,
// CHECK: lm.rms_norm {{.*}} : tensor<1x1x8xbf16>, tensor<8xbf16>
// CHECK: lm.linear {{.*}} : (tensor<1x1x8xbf16>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<1x1x8xbf16>
// CHECK: xlstm.output_gate {{.*}} : (tensor<1x1x2x4xbf16>, tensor<1x1x1x4xbf16>, tensor<1x1x1x4xbf16>, tensor<2x12xf32>, tensor<2xf32>) -> tensor<1x1x2xf32>
// CHECK: %[[I:.*]] = lm.linear {{.*}} : (tensor<1x1x8xbf16>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<1x1x2xf32>
// CHECK: lm.param "model.layers.0.self_attn.q_map.weight" {init = "identity"} : tensor<2x4x4xbf16>
// CHECK: xlstm.hybrid {{.*}} gates(%{{.*}}, %[[I]], %{{.*}}) {{.*}} -> (tensor<1x1x2x4xbf16>, tensor<1x1x2x4xbf16>, tensor<1x2x4x4xf32>,
// CHECK: lm.add {{.*}} : tensor<1x1x8xbf16>
// CHECK: linear {{.*}} : (tensor<1x1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x1x16xf32>

// APART-LABEL: lm.model @decode
// APART: %[[F:.*]] = xlstm.feature_map softmax {{.*}} : (tensor<1x1x2x4xbf16>, tensor<2x4x4xbf16>) -> tensor<1x1x2x4xbf16>
// APART: xlstm.mlstm {{.*}} -> (tensor<1x1x2x4xbf16>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
// APART: lm.attention {{.*}} -> (tensor<1x1x2x4xbf16>, tensor<1x8x1x4xbf16>,
// APART: xlstm.mix {{.*}} : tensor<1x1x2xf32>, tensor<1x1x2x4xbf16>

// F32-LABEL: lm.model @prefill
// F32-NOT: bf16
// F32: lm.attention

// NAME: error: option functions: no function is called 'distil'

// The losses are float32, the teacher's half of @align is bf16 too, @model stays as it is.
// TRAIN-LABEL: lm.model @model
// TRAIN: embed {{.*}} -> tensor<?x?x8xf32>
// TRAIN-LABEL: lm.model @align
// TRAIN: xlstm.hybrid {{.*}} : (tensor<?x?x2x4xbf16>,
// TRAIN: lm.attention {{.*}} -> tensor<?x?x2x4xbf16>
// TRAIN: xlstm.align_loss {{.*}} : (tensor<?x?x2x4xbf16>, tensor<?x?x2x4xbf16>) -> (tensor<f32>, tensor<f32>)
// TRAIN-LABEL: lm.model @distill
// TRAIN: linear {{.*}} -> tensor<?x?x16xbf16>
// TRAIN: cross_entropy {{.*}} : (tensor<?x?x16xbf16>, tensor<?x?xi64>) -> tensor<f32>
// TRAIN: xlstm.sparse_kl {{.*}} -> tensor<f32>
