// RUN: xlstm-opt %s --convert-lm-to-llvm --split-input-file --verify-diagnostics
// What has no native form: functions that were not planned, several rows, types and ops without a kernel.

// expected-error @below {{'lm.model' op expects lm.scratch_bytes (run --xlstm-plan-buffers first)}}
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x1xf32>, tensor<1x1x1xf32>) {
  lm.return %m, %m : tensor<1x1x1xf32>, tensor<1x1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects logits of one token as the first result, found 'tensor<1x2x8xf32>'}}
lm.model @prefill(%ids: tensor<1x2xi64>, %pos: tensor<1xi32> {lm.offset = 0 : i64}, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<1x2x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<1x2xi64>, tensor<16x8xf32>) -> tensor<1x2x8xf32>
  lm.return %x, %m : tensor<1x2x8xf32>, tensor<1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects ids of i64 in native code, found 'tensor<1x1xi32>'}}
lm.model @decode(%ids: tensor<1x1xi32>, %pos: tensor<1xi32> {lm.offset = 0 : i64}, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<1x1xi32>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32> {lm.offset = 0 : i64}, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<1x1x8xf64>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
  // expected-error @below {{'lm.embed' op expects f32 results in native code, found 'f64'}}
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf64>
  lm.return %x, %m : tensor<1x1x8xf64>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32> {lm.offset = 0 : i64}, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf64>
  // expected-error @below {{'lm.embed' op expects weights of f32, bf16 or f16 in native code, found 'f64'}}
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<1x1xi64>, tensor<16x8xf64>) -> tensor<1x1x8xf32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32> {lm.offset = 0 : i64}, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<8x8xf32>
  %b = lm.param "b" {lm.offset = 256 : i64} : tensor<8xbf16>
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<1x1xi64>, tensor<8x8xf32>) -> tensor<1x1x8xf32>
  // expected-error @below {{'lm.linear' op expects weight and bias of one type in native code, found 'f32' and 'bf16'}}
  %y = lm.linear %x, %w bias(%b) {lm.offset = 0 : i64} : (tensor<1x1x8xf32>, tensor<8x8xf32>, tensor<8xbf16>) -> tensor<1x1x8xf32>
  lm.return %y, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32> {lm.offset = 0 : i64}, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<8x8xf32>
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<1x1xi64>, tensor<8x8xf32>) -> tensor<1x1x8xf32>
  // expected-error @below {{'lm.cross_entropy' op has no kernel in native code}}
  %loss = lm.cross_entropy %x, %ids {lm.offset = 128 : i64} : (tensor<1x1x8xf32>, tensor<1x1xi64>) -> tensor<f32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %docs: tensor<1x1xi32> {lm.offset = 0 : i64}, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  // expected-error @below {{'lm.positions' op expects at in native code, found docs}}
  %p = lm.positions %ids docs(%docs) {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<1x1xi32>) -> tensor<1x1xi32>
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<8x8xf32>
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<1x1xi64>, tensor<8x8xf32>) -> tensor<1x1x8xf32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects ids of one row in native code for the CPU, found 2}}
lm.model @decode(%ids: tensor<2x1xi64>, %pos: tensor<2xi32> {lm.offset = 0 : i64}, %m: tensor<2x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
    -> (tensor<2x1x8xf32>, tensor<2x1xf32>) attributes {lm.scratch_bytes = 128 : i64} {
  %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
  %x = lm.embed %ids, %w {lm.offset = 64 : i64} : (tensor<2x1xi64>, tensor<16x8xf32>) -> tensor<2x1x8xf32>
  lm.return %x, %m : tensor<2x1x8xf32>, tensor<2x1xf32>
}
