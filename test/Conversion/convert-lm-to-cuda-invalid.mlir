// RUN: xlstm-opt %s --convert-lm-to-cuda --split-input-file --verify-diagnostics
// What has no step on CUDA: functions that were not planned, other mixers, types and sizes that the steps do not take.

// expected-error @below {{'lm.model' op expects lm.scratch_bytes (run --xlstm-plan-buffers first)}}
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x1xf32>, tensor<1x1x1xf32>) {
  lm.return %m, %m : tensor<1x1x1xf32>, tensor<1x1x1xf32>
}

// -----

// expected-error @below {{expects lm.weight_bytes and lm.state_bytes (run --xlstm-plan-buffers first)}}
module {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x1xf32>, tensor<1x1x1xf32>) attributes {lm.scratch_bytes = 64 : i64} {
    lm.return %m, %m : tensor<1x1x1xf32>, tensor<1x1x1xf32>
  }
}

// -----

module attributes {lm.state_bytes = 64 : i64, lm.weight_bytes = 512 : i64} {
  lm.model @prefill(%ids: tensor<2x2xi64>, %pos: tensor<2xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<2x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<2x2xi64>, tensor<16x8xf32>) -> tensor<2x2x8xf32>
    %y = lm.last_token %x {lm.offset = 128 : i64} : tensor<2x2x8xf32> to tensor<2x1x8xf32>
    lm.return %y, %m : tensor<2x1x8xf32>, tensor<1x1xf32>
  }
  // expected-error @below {{'lm.model' op expects 2 rows as the functions before it, found 1}}
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
    lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
  }
}

// -----

// A layer that kept its attention: the state's name says which.
module attributes {lm.state_bytes = 256 : i64, lm.weight_bytes = 512 : i64} {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                   %rk: tensor<1x4x1x8xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "layers.7.ring_k"},
                   %rv: tensor<1x4x1x8xf32> {lm.init = 0.0 : f32, lm.offset = 128 : i64, lm.state = "layers.7.ring_v"})
      -> (tensor<1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
    %q = lm.split_heads %x {lm.offset = 0 : i64} : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
    // expected-error @below {{'lm.attention' op of layer 7 has no step on CUDA: it runs models whose layers all have the hybrid mixer with softmax feature maps, gates and a window (xlstm.hybrid)}}
    %h, %new:2 = lm.attention %q, %q, %q at %pos state(%rk, %rv) {lm.offset = 64 : i64, scale = 1.0 : f64, window = 4 : i64}
      : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1xi32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>)
     -> (tensor<1x1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>)
    %y = lm.merge_heads %h {lm.offset = 64 : i64} : tensor<1x1x1x8xf32> to tensor<1x1x8xf32>
    lm.return %y, %new#0, %new#1 : tensor<1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>
  }
}

// -----

// Another feature map: the weight's name says of which layer.
module attributes {lm.state_bytes = 64 : i64, lm.weight_bytes = 1024 : i64} {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf32>
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
    %q = lm.split_heads %x {lm.offset = 0 : i64} : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
    %map = lm.param "model.layers.12.self_attn.q_map.weight" {lm.offset = 512 : i64} : tensor<1x8x8xf32>
    // expected-error @below {{'xlstm.feature_map' op of layer 12 has no step on CUDA}}
    %f = xlstm.feature_map elu %q, %map {lm.offset = 64 : i64} : (tensor<1x1x1x8xf32>, tensor<1x8x8xf32>) -> tensor<1x1x1x8xf32>
    %y = lm.merge_heads %f {lm.offset = 64 : i64} : tensor<1x1x1x8xf32> to tensor<1x1x8xf32>
    lm.return %y, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
  }
}

// -----

module attributes {lm.state_bytes = 64 : i64, lm.weight_bytes = 1024 : i64} {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    // expected-error @below {{'lm.param' op expects f32 or bf16 on CUDA (run --xlstm-set-precision), found 'f16'}}
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xf16>
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x8xf16>) -> tensor<1x1x8xf32>
    lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
  }
}

// -----

module attributes {lm.state_bytes = 64 : i64, lm.weight_bytes = 1024 : i64} {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x12xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x12xf32>
    // expected-error @below {{'lm.embed' op expects its width to be a multiple of 8 on CUDA, found 12}}
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x12xf32>) -> tensor<1x1x12xf32>
    lm.return %x, %m : tensor<1x1x12xf32>, tensor<1x1xf32>
  }
}

// -----

module attributes {lm.state_bytes = 64 : i64, lm.weight_bytes = 1024 : i64} {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %t = lm.param "t" {lm.offset = 0 : i64} : tensor<16x8xf32>
    %x = lm.embed %ids, %t {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
    %w = lm.param "w" {lm.offset = 512 : i64} : tensor<8x8xbf16>
    // expected-error @below {{'lm.linear' op expects types that CUDA multiplies (run --xlstm-set-precision), found 'f32', 'bf16' and 'f32'}}
    %y = lm.linear %x, %w {lm.offset = 64 : i64} : (tensor<1x1x8xf32>, tensor<8x8xbf16>) -> tensor<1x1x8xf32>
    lm.return %y, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
  }
}

// -----

module attributes {lm.state_bytes = 64 : i64, lm.weight_bytes = 1024 : i64} {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x8xf32>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xbf16>
    // expected-error @below {{'lm.embed' op expects one type of activations and weights on CUDA, found 'f32' and 'bf16'}}
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x8xbf16>) -> tensor<1x1x8xf32>
    lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
  }
}

// -----

module attributes {lm.state_bytes = 64 : i64, lm.weight_bytes = 1024 : i64} {
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.offset = 0 : i64, lm.state = "m"})
      -> (tensor<1x1x8xbf16>, tensor<1x1xf32>) attributes {lm.scratch_bytes = 256 : i64} {
    %w = lm.param "w" {lm.offset = 0 : i64} : tensor<16x8xbf16>
    %x = lm.embed %ids, %w {lm.offset = 0 : i64} : (tensor<1x1xi64>, tensor<16x8xbf16>) -> tensor<1x1x8xbf16>
    // expected-error @below {{'lm.return' op expects logits of f32 that are the result of a step on CUDA, found 'bf16'}}
    lm.return %x, %m : tensor<1x1x8xbf16>, tensor<1x1xf32>
  }
}
