// RUN: xlstm-opt %s --xlstm-fuse-losses | FileCheck %s --implicit-check-not=xlstm.head_losses
// Losses that look like those of xlstm.head_losses and stay as they are.

// The logits are returned.
// CHECK-LABEL: lm.model @returned
// CHECK: xlstm.sparse_kl
lm.model @returned(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<1x2x9xf32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss, %logits : tensor<f32>, tensor<1x2x9xf32>
}

// What the scaled logits are made of is returned.
// CHECK-LABEL: lm.model @unscaled
// CHECK: xlstm.sparse_kl
lm.model @unscaled(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<1x2x9xf32>) {
  %raw = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %logits = lm.scale %raw {factor = 0.5 : f64} : tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss, %raw : tensor<f32>, tensor<1x2x9xf32>
}

// The head has a bias.
// CHECK-LABEL: lm.model @bias
// CHECK: xlstm.sparse_kl
lm.model @bias(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>, %bias: tensor<9xf32>) -> (tensor<f32>) {
  %logits = lm.linear %x, %w bias(%bias) : (tensor<1x2x8xf32>, tensor<9x8xf32>, tensor<9xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss : tensor<f32>
}

// The logits come from elsewhere.
// CHECK-LABEL: lm.model @given
// CHECK: xlstm.sparse_kl
lm.model @given(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>, %logits: tensor<1x2x9xf32>) -> (tensor<f32>) {

  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss : tensor<f32>
}

// The losses have labels of their own.
// CHECK-LABEL: lm.model @labels
// CHECK: xlstm.sparse_kl
lm.model @labels(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>, %others: tensor<1x2xi64>) -> (tensor<f32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %others : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss : tensor<f32>
}

// A loss is computed with once more.
// CHECK-LABEL: lm.model @twice
// CHECK: xlstm.sparse_kl
lm.model @twice(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<f32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %again = lm.scale %ce {factor = 2.0 : f64} : tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss, %again : tensor<f32>, tensor<f32>
}

// A weighted loss is returned.
// CHECK-LABEL: lm.model @weighted
// CHECK: xlstm.sparse_kl
lm.model @weighted(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<f32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss, %a : tensor<f32>, tensor<f32>
}

// Something else reads a weighted loss in front of the sum.
// CHECK-LABEL: lm.model @read
// CHECK: xlstm.sparse_kl
lm.model @read(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<f32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %other = lm.scale %a {factor = 2.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss, %other : tensor<f32>, tensor<f32>
}

// The losses are not summed.
// CHECK-LABEL: lm.model @apart
// CHECK: xlstm.sparse_kl
lm.model @apart(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<f32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %loss = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  lm.return %loss, %b : tensor<f32>, tensor<f32>
}

// The weight of a loss is no number.
// CHECK-LABEL: lm.model @infinite
// CHECK: xlstm.sparse_kl
lm.model @infinite(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 0x7FF0000000000000 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss : tensor<f32>
}

// Two sparse KL read the logits.
// CHECK-LABEL: lm.model @two
// CHECK: xlstm.sparse_kl
lm.model @two(%x: tensor<1x2x8xf32>, %w: tensor<9x8xf32>, %ids: tensor<1x2x3xi32>, %p: tensor<1x2x3xf32>, %tail: tensor<1x2xf32>, %labels: tensor<1x2xi64>) -> (tensor<f32>, tensor<f32>) {
  %logits = lm.linear %x, %w : (tensor<1x2x8xf32>, tensor<9x8xf32>) -> tensor<1x2x9xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<1x2x9xf32>, tensor<1x2xi64>) -> tensor<f32>
  %kl = xlstm.sparse_kl tail %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %more = xlstm.sparse_kl renormalized %logits, %ids, %p, %tail, %labels : (tensor<1x2x9xf32>, tensor<1x2x3xi32>, tensor<1x2x3xf32>, tensor<1x2xf32>, tensor<1x2xi64>) -> tensor<f32>
  %a = lm.scale %ce {factor = 1.0 : f64} : tensor<f32>
  %b = lm.scale %kl {factor = 1.0 : f64} : tensor<f32>
  %loss = lm.add %a, %b : tensor<f32>
  lm.return %loss, %more : tensor<f32>, tensor<f32>
}

