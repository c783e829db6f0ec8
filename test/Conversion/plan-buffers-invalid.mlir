// RUN: xlstm-opt %s --xlstm-plan-buffers --split-input-file --verify-diagnostics
// What cannot be planned: sizes that are not known, states that are needed after their update.

// expected-error @below {{'lm.model' op expects static shapes to plan its memory, found 'tensor<1x?xi64>'}}
lm.model @prefill(%ids: tensor<1x?xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  lm.return %m, %m : tensor<1x1xf32>, tensor<1x1xf32>
}

// -----

// expected-error @below {{'lm.model' op expects the arguments ids, pos (i32) and then the states}}
lm.model @prefill(%ids: tensor<1x4xi64>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  lm.return %m, %m : tensor<1x1xf32>, tensor<1x1xf32>
}

// -----

lm.model @prefill(%ids: tensor<1x4xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  lm.return %m, %m : tensor<1x1xf32>, tensor<1x1xf32>
}

// expected-error @below {{'lm.model' op expects "m" to have type 'tensor<1x1xf32>' as in an earlier function, found 'tensor<1x2xf32>'}}
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x2xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  lm.return %m, %m : tensor<1x2xf32>, tensor<1x2xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                 %S: tensor<1x1x8x8xf32> {lm.init = 0.0 : f32, lm.state = "S"},
                 %z: tensor<1x1x8xf32> {lm.init = 0.0 : f32, lm.state = "z"},
                 %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>) {
  %w = lm.param "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
  %q = lm.split_heads %x : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
  %h, %new:3 = xlstm.mlstm recurrent %q, %q, %q state(%S, %z, %m)
    : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
   -> (tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
  // expected-error @below {{'xlstm.mlstm' op uses state "S" after its update, which was made in place}}
  %h2, %new2:3 = xlstm.mlstm recurrent %q, %q, %q state(%S, %z, %m)
    : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
   -> (tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
  lm.return %h2, %new2#0, %new2#1, %new2#2 : tensor<1x1x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                 %a: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "a"},
                 %b: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "b"})
    -> (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>) {
  // expected-error @below {{'lm.return' op expects the new state "a" to be the last update of its argument}}
  lm.return %a, %b, %a : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %a: tensor<1x1x8xf32> {lm.init = 0.0 : f32, lm.state = "a"})
    -> (tensor<1x1x1x8xf32>, tensor<1x1x8xf32>) {
  // expected-error @below {{'lm.split_heads' op expects its operand to be the first result of an op}}
  %q = lm.split_heads %a : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
  lm.return %q, %a : tensor<1x1x1x8xf32>, tensor<1x1x8xf32>
}

// -----

lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                 %k: tensor<1x4x1x8xf32> {lm.init = 0.0 : f32, lm.state = "k"},
                 %v: tensor<1x4x1x8xf32> {lm.init = 0.0 : f32, lm.state = "v"})
    -> (tensor<1x1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>) {
  %w = lm.param "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<16x8xf32>) -> tensor<1x1x8xf32>
  %q = lm.split_heads %x : tensor<1x1x8xf32> to tensor<1x1x1x8xf32>
  %k2 = lm.add %k, %k : tensor<1x4x1x8xf32>
  // expected-error @below {{'lm.attention' op expects its states to be state arguments of the function}}
  %h, %new:2 = lm.attention %q, %q, %q at %pos state(%k2, %v) {scale = 1.0 : f64, window = 4 : i64}
    : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1xi32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>)
   -> (tensor<1x1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>)
  lm.return %h, %new#0, %new#1 : tensor<1x1x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>
}
