// RUN: xlstm-opt %s --convert-lm-to-kernel --split-input-file --verify-diagnostics
// What cannot be compiled: shapes and signatures, states that are needed after their update, ops without a kernel.

// expected-error @below {{'lm.model' op expects static shapes that fit into memory, found 'tensor<1x?xi64>'}}
lm.model @prefill(%ids: tensor<1x?xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "w" : tensor<1x8xf32>
  %x = lm.param "x" : tensor<1x1x8xf32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects the arguments ids [B, T], pos [B] (i32) and then the states}}
lm.model @prefill(%ids: tensor<1x4xi64>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  lm.return %m, %m : tensor<1x1xf32>, tensor<1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects ids of i64 in compiled functions, found 'tensor<1x1xi32>'}}
lm.model @decode(%ids: tensor<1x1xi32>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %x = lm.param "x" : tensor<1x1x8xf32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects logits (f32) of one token as the first result, found 'tensor<1x2x8xf32>'}}
lm.model @prefill(%ids: tensor<1x2xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x2x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "w" : tensor<16x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x2xi64>, tensor<16x8xf32>) -> tensor<1x2x8xf32>
  lm.return %x, %m : tensor<1x2x8xf32>, tensor<1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects another name for state "position": compiled functions keep their position there}}
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "position"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %x = lm.param "x" : tensor<1x1x8xf32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                 %S: tensor<1x1x8x8xf32> {lm.init = 0.0 : f32, lm.state = "S"},
                 %z: tensor<1x1x8xf32> {lm.init = 0.0 : f32, lm.state = "z"},
                 %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
  %q = lm.split_heads %x : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
  %h, %new:3 = xlstm.mlstm recurrent %q, %q, %q state(%S, %z, %m)
    : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
   -> (tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
  // expected-error @below {{'lm.add' op uses state "z" after its update, which was made in place}}
  %y = lm.add %x, %z : tensor<1x1x8xf32>
  lm.return %y, %new#0, %new#1, %new#2 : tensor<1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                 %a: tensor<1x1x8xf32> {lm.init = 0.0 : f32, lm.state = "a"},
                 %b: tensor<1x1x8xf32> {lm.init = 0.0 : f32, lm.state = "b"})
    -> (tensor<1x1x8xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>) {
  // expected-error @below {{'lm.return' op expects the new state "a" to be the last update of its argument}}
  lm.return %a, %b, %a : tensor<1x1x8xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                 %k: tensor<1x4x1x8xf32> {lm.init = 0.0 : f32, lm.state = "k"},
                 %v: tensor<1x4x1x8xf32> {lm.init = 0.0 : f32, lm.state = "v"})
    -> (tensor<1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>) {
  %w = lm.param "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
  %q = lm.split_heads %x : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
  %k2 = lm.add %k, %k : tensor<1x4x1x8xf32>
  // expected-error @below {{'lm.attention' op expects its states to be state arguments of the function}}
  %h, %new:2 = lm.attention %q, %q, %q at %pos state(%k2, %v) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1xi32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>)
   -> (tensor<1x1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>)
  lm.return %x, %new#0, %new#1 : tensor<1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "w" : tensor<8x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<8x8xf32>) -> tensor<1x1x8xf32>
  // expected-error @below {{'lm.cross_entropy' op has no kernel on cpu}}
  %loss = lm.cross_entropy %x, %ids : (tensor<1x1x8xf32>, tensor<1x1xi64>) -> tensor<f32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "w" : tensor<8x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<8x8xf32>) -> tensor<1x1x8xf32>
  // expected-error @below {{'lm.layer' op expects --xlstm-inline-layers to have run}}
  %y = lm.layer 0 (%h = %x) : (tensor<1x1x8xf32>) -> tensor<1x1x8xf32> {
    lm.yield %h : tensor<1x1x8xf32>
  }
  lm.return %y, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

// Types without a kernel are errors of the call.
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "w" : tensor<8x8xf64>
  // expected-error @below {{'kernel.embed' op has no kernel on cpu for types 'i64', 'f64', 'f32'}}
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<8x8xf64>) -> tensor<1x1x8xf32>
  lm.return %x, %m : tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

// Weights in blocks are compiled where they may lie in panels: not these.
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x32xf32>, tensor<1x1xf32>) {
  // expected-error @below {{'lm.param' op expects weights of floats, or blocks that lie in panels}}
  // expected-error @below {{failed to legalize operation 'lm.param'}}
  %w = lm.param "w" : tensor<8x32x!lm.block<i8, 32>>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<8x32x!lm.block<i8, 32>>) -> tensor<1x1x32xf32>
  lm.return %x, %m : tensor<1x1x32xf32>, tensor<1x1xf32>
}
