// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// One case a numbered constraint of model, layer and param.

// model C1
// expected-error @+1 {{'lm.model' op expects to end in lm.return of its result types}}
lm.model @m(%x: tensor<1x2x4xf32>) -> tensor<1x2x5xf32> {
  lm.return %x : tensor<1x2x4xf32>
}

// -----
// model C1
// expected-error @+1 {{'lm.model' op expects a body of one block}}
"lm.model"() ({ ^bb0: }) {sym_name = "m", function_type = () -> ()} : () -> ()

// -----
// model C2
// expected-error @+1 {{'lm.model' op expects a context_length of 1 to 2147483647, found 0}}
lm.model @m() attributes {context_length = 0 : i64} {
  lm.return
}

// -----
// model C3
lm.model @m(%x: tensor<1x2x4xf32>) {
  // expected-error @+1 {{'lm.layer' op expects index 0 (layers count from 0, in order), found 1}}
  %y = lm.layer 1 (%h = %x) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    lm.yield %h : tensor<1x2x4xf32>
  }
  lm.return
}

// -----
// model C4
lm.model @m() {
  // expected-note @+1 {{first used here}}
  %a = lm.param "w" : tensor<4xf32>
  // expected-error @+1 {{'lm.param' op expects every use of "w" to have type 'tensor<4xf32>', found 'tensor<4xbf16>'}}
  %b = lm.param "w" : tensor<4xbf16>
  lm.return
}

// -----
// model C5
// expected-error @+1 {{'lm.model' op expects a result for each of its 1 state arguments, found 0 results}}
lm.model @m(%s: tensor<1x4xf32> {lm.state = "s", lm.init = 0.0 : f32}) {
  lm.return
}

// -----
// model C5
// expected-error @+1 {{'lm.model' op expects argument 1 to carry lm.state (a name) and lm.init (a float), as the state arguments before it}}
lm.model @m(%s: tensor<1x4xf32> {lm.state = "s", lm.init = 0.0 : f32}, %t: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  lm.return %s, %t : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----
// model C5
// expected-error @+1 {{'lm.model' op expects the new state of argument 0 to have type 'tensor<1x4xf32>', found 'tensor<1x5xf32>'}}
lm.model @m(%s: tensor<1x4xf32> {lm.state = "s", lm.init = 0.0 : f32}) -> tensor<1x5xf32> {
  %b = lm.param "w" : tensor<1x5xf32>
  lm.return %b : tensor<1x5xf32>
}

// -----
// model C6
// expected-error @+1 {{'lm.model' op expects an lm.name to be a string, found 1 : i32}}
lm.model @m(%s: tensor<1x4xf32>) -> (tensor<1x4xf32> {lm.name = 1 : i32}) {
  lm.return %s : tensor<1x4xf32>
}

// -----
// model C7
// expected-error @+1 {{'lm.model' op expects states to have names of their own, found "s" twice}}
lm.model @m(%s: tensor<1x4xf32> {lm.state = "s", lm.init = 0.0 : f32}, %t: tensor<1x4xf32> {lm.state = "s", lm.init = 0.0 : f32}) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  lm.return %s, %t : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----
// model C8
// expected-error @+1 {{'lm.model' op expects ranked tensors of less than 2^63 bytes as arguments, found 'i64'}}
lm.model @m(%n: i64) {
  lm.return
}

// -----
// model C8
// expected-error @+1 {{'lm.model' op expects ranked tensors of less than 2^63 bytes as arguments, found 'tensor<?x4611686018427387904xf32>'}}
lm.model @m(%n: tensor<?x4611686018427387904xf32>) {
  lm.return
}

// -----
// model C9
// expected-error @+1 {{'lm.model' op expects a name that compiled code does not use itself, found "init_state"}}
lm.model @init_state() {
  lm.return
}

// -----
// model C9
// expected-error @+1 {{'lm.model' op expects a name that compiled code does not use itself, found ""}}
"lm.model"() ({ lm.return }) {sym_name = "", function_type = () -> ()} : () -> ()

// -----
// A verifier that reads the ops of its body comes behind theirs.
lm.model @m() {
  // expected-error @+1 {{'lm.param' op requires attribute 'name'}}
  %a = "lm.param"() : () -> tensor<4xf32>
  lm.return
}

// -----
lm.model @m(%x: tensor<1x2x4xf32>) {
  // expected-error @+1 {{'lm.layer' op requires attribute 'index'}}
  %y = "lm.layer"(%x) ({
  ^bb0(%h: tensor<1x2x4xf32>):
    lm.yield %h : tensor<1x2x4xf32>
  }) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  lm.return
}

// -----
// layer C1
lm.model @m() {
  // expected-error @+1 {{'lm.layer' op expects an index of at least 0, found -1}}
  lm.layer -1 () : () -> () {
    lm.yield
  }
  lm.return
}

// -----
// layer C2
lm.model @m(%x: tensor<1x2x4xf32>) {
  // expected-error @+1 {{'lm.layer' op expects the region's arguments to have the types of its inputs}}
  "lm.layer"(%x) ({
    "lm.yield"() : () -> ()
  }) {index = 0 : i64} : (tensor<1x2x4xf32>) -> ()
  lm.return
}

// -----
// layer C3
lm.model @m(%x: tensor<1x2x4xf32>) {
  // expected-error @+1 {{'lm.layer' op expects to end in lm.yield of its result types}}
  %y = lm.layer 0 (%h = %x) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    lm.yield
  }
  lm.return
}

// -----
// layer C4
lm.model @m(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %y = lm.layer 0 (%h = %x) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
    // expected-error @+1 {{'lm.layer' op expects parent op 'lm.model'}}
    %z = lm.layer 7 (%g = %h) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
      lm.yield %g : tensor<1x2x4xf32>
    }
    lm.yield %z : tensor<1x2x4xf32>
  }
  lm.return %y : tensor<1x2x4xf32>
}

// -----
// layer C5
lm.model @m(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  // expected-error @+1 {{'lm.layer' op expects lm.recompute to be a unit attribute of an lm.layer, found true}}
  %y = lm.layer 0 (%h = %x) : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32> attributes {lm.recompute = true} {
    lm.yield %h : tensor<1x2x4xf32>
  }
  lm.return %y : tensor<1x2x4xf32>
}

// -----
lm.model @m(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  // expected-error @+1 {{'lm.add' op expects lm.recompute to be a unit attribute of an lm.layer, found unit}}
  %y = lm.add %x, %x {lm.recompute} : tensor<1x2x4xf32>
  lm.return %y : tensor<1x2x4xf32>
}

// -----
// param C1
func.func @m() {
  // expected-error @+1 {{'lm.param' op expects a name}}
  %b = lm.param "" : tensor<5xf32>
  return
}

// -----
// param C2
func.func @m() {
  // expected-error @+1 {{'lm.param' op expects "w" to have a static shape, found 'tensor<?xf32>'}}
  %b = lm.param "w" : tensor<?xf32>
  return
}

// -----
// param C3
func.func @m() {
  // expected-error @+1 {{'lm.param' op expects init to be a number, "identity" or "uniform", found "ones"}}
  %b = lm.param "w" {init = "ones"} : tensor<5xf32>
  return
}

// -----
// param C4
func.func @m() {
  // expected-error @+1 {{'lm.param' op expects an "identity" to end in two equal dimensions, found 'tensor<4x5xf32>'}}
  %b = lm.param "w" {init = "identity"} : tensor<4x5xf32>
  return
}
