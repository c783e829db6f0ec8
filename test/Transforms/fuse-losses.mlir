// RUN: xlstm-opt %s --xlstm-fuse-losses | FileCheck %s
// RUN: xlstm-opt %s --xlstm-fuse-losses --xlstm-fuse-losses | FileCheck %s
// RUN: xlstm-opt %S/build-distill.mlir --xlstm-build-distill='kl-mode=tail' --xlstm-fuse-losses | FileCheck %s --check-prefix=DISTILL
// RUN: xlstm-opt %S/fuse-hybrid.mlir --xlstm-linearize='window=8 sinks=2' --xlstm-build-distill --xlstm-fuse-losses --xlstm-set-precision='type=bf16 functions=distill' | FileCheck %s --check-prefix=BF16

// DISTILL-LABEL: lm.model @distill(
// DISTILL-SAME: %{{.*}}, %{{.*}}, %[[LABELS:.*]]: tensor<?x?xi64>, %[[TOP:.*]]: tensor<?x?x?xi32>, %[[LOGPROBS:.*]]: tensor<?x?x?xf32>, %[[REST:.*]]: tensor<?x?xf32>)
// DISTILL: %[[X:.*]] = embed
// DISTILL-NEXT: %[[LOSS:.*]], %[[CE:.*]], %[[KL:.*]] = xlstm.head_losses tail %[[X]], %{{.*}}, %[[TOP]], %[[LOGPROBS]], %[[REST]], %[[LABELS]] {ce_weight = 9.000000e-01 : f64, kl_weight = 1.000000e-01 : f64, logit_scale = 1.000000e+00 : f64}
// DISTILL-NEXT: return %[[LOSS]], %[[CE]], %[[KL]]

// The head's weight is bf16, what is compared and the losses are float32.
// BF16-LABEL: lm.model @distill
// BF16: xlstm.head_losses {{.*}} : (tensor<?x?x8xbf16>, tensor<16x8xbf16>, tensor<?x?x?xi32>, tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xi64>) -> (tensor<f32>, tensor<f32>, tensor<f32>)

// The sum is the other way round, the logits are scaled twice, one of the losses is returned too.
// CHECK-LABEL: lm.model @scaled
// CHECK-NOT: linear
// CHECK: %[[L:.*]], %{{.*}}, %[[KL:.*]] = xlstm.head_losses renormalized {{.*}} {ce_weight = 5.000000e-01 : f64, kl_weight = 2.000000e+00 : f64, logit_scale = 7.500000e-01 : f64}
// CHECK-NEXT: return %[[L]], %[[KL]]
lm.model @scaled(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<f32>) {
  %raw = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %half = lm.scale %raw {factor = 0.5 : f64} : tensor<1x2x9xf32>
  %logits = lm.scale %half {factor = 1.5 : f64} : tensor<1x2x9xf32>
  %kl = xlstm.sparse_kl renormalized %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %b = lm.scale %kl {factor = 2.0 : f64} : tensor<f32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 0.5 : f64} : tensor<f32>
  %loss = lm.add %b, %a : tensor<f32>
  lm.return %loss, %kl : tensor<f32>, tensor<f32>
}

// The hidden states have another reader, which is none of ours.
// CHECK-LABEL: lm.model @hidden
// CHECK: xlstm.head_losses
lm.model @hidden(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<1x2x9xf32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  %other = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  lm.return %loss, %other : tensor<f32>, tensor<1x2x9xf32>
}
