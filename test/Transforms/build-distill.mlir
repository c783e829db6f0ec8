// RUN: xlstm-opt %s --xlstm-build-distill | FileCheck %s --check-prefixes=CHECK,DEFAULT
// RUN: xlstm-opt %s --xlstm-build-distill='ce-weight=0.25 kl-weight=2 kl-mode=tail' | FileCheck %s --check-prefixes=CHECK,TAIL
// RUN: not xlstm-opt %s --xlstm-build-distill='kl-weight=-1' 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not xlstm-opt %s --xlstm-build-distill --xlstm-build-distill 2>&1 | FileCheck %s --check-prefix=TWICE
// Cross-entropy and sparse KL behind the logits.

// NEGATIVE: error: options ce-weight and kl-weight expect at least 0, found -1
// TWICE: error: has a function @distill already
// TWICE: note: it is here

// CHECK-LABEL: lm.model @model(
// CHECK-LABEL: lm.model @distill(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi64>, %[[DOCS:.*]]: tensor<?x?xi32>, %[[LABELS:.*]]: tensor<?x?xi64>,
// CHECK-SAME: %[[TOP:.*]]: tensor<?x?x?xi32>, %[[LOGPROBS:.*]]: tensor<?x?x?xf32>, %[[REST:.*]]: tensor<?x?xf32>)
// CHECK-SAME: -> (tensor<f32> {lm.name = "loss"}, tensor<f32> {lm.name = "ce"}, tensor<f32> {lm.name = "kl"})
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: %[[LOGITS:.*]] = linear
  %logits = lm.linear %e, %t : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: %[[CE:.*]] = cross_entropy %[[LOGITS]], %[[LABELS]]
  // DEFAULT: %[[KL:.*]] = xlstm.sparse_kl renormalized %[[LOGITS]], %[[TOP]], %[[LOGPROBS]], %[[REST]], %[[LABELS]]
  // TAIL: %[[KL:.*]] = xlstm.sparse_kl tail %[[LOGITS]], %[[TOP]], %[[LOGPROBS]], %[[REST]], %[[LABELS]]
  // DEFAULT: %[[WCE:.*]] = scale %[[CE]] {factor = 9.000000e-01 : f64}
  // DEFAULT: %[[WKL:.*]] = scale %[[KL]] {factor = 1.000000e-01 : f64}
  // TAIL: %[[WCE:.*]] = scale %[[CE]] {factor = 2.500000e-01 : f64}
  // TAIL: %[[WKL:.*]] = scale %[[KL]] {factor = 2.000000e+00 : f64}
  // CHECK: %[[LOSS:.*]] = add %[[WCE]], %[[WKL]]
  // CHECK: return %[[LOSS]], %[[CE]], %[[KL]]
  lm.return %logits : tensor<?x?x8xf32>
}
