// RUN: xlstm-opt %s --split-input-file --verify-diagnostics --xlstm-linearize
// RUN: not xlstm-opt %S/linearize.mlir --xlstm-linearize=window=0 2>&1 | FileCheck %s --check-prefix=OPTION -DNAME=window -DLEAST=1
// RUN: not xlstm-opt %S/linearize.mlir --xlstm-linearize=sinks=-1 2>&1 | FileCheck %s --check-prefix=OPTION -DNAME=sinks -DLEAST=0
// RUN: not xlstm-opt %S/linearize.mlir --xlstm-linearize=chunk=0 2>&1 | FileCheck %s --check-prefix=OPTION -DNAME=chunk -DLEAST=1
// RUN: not xlstm-opt %S/linearize.mlir --xlstm-linearize=window=4611686018427387904 2>&1 | FileCheck %s --check-prefix=MOST -DNAME=window
// RUN: not xlstm-opt %S/linearize.mlir --xlstm-linearize=sinks=4611686018427387904 2>&1 | FileCheck %s --check-prefix=MOST -DNAME=sinks
// RUN: not xlstm-opt %S/linearize.mlir --xlstm-linearize=chunk=4611686018427387904 2>&1 | FileCheck %s --check-prefix=MOST -DNAME=chunk
// RUN: not xlstm-opt %S/set-precision-invalid.mlir --xlstm-linearize=layers=0 2>&1 | FileCheck %s --check-prefix=LAYERS
// RUN: not xlstm-opt %S/linearize.mlir --xlstm-linearize=forget-gate-bias=inf 2>&1 | FileCheck %s --check-prefix=BIAS
// What cannot be converted is an error that says why.

// OPTION: error: option [[NAME]] expects at least [[LEAST]], found
// MOST: error: option [[NAME]] expects at most 2147483647, found 4611686018427387904
// LAYERS: error: option layers names layer 0, the model has 0 layers, counted from 0
// BIAS: error: gate biases expect finite numbers, found

// expected-error @+1 {{expects a forward pass: lm.model @model}}
module {
  lm.model @other() {
    lm.return
  }
}

// -----
// expected-error @+1 {{expects @model to take ids [B, T] (i64) and doc_start [B, T] (i32) and to return logits [B, T, V], found '(tensor<?x?xi64>) -> tensor<?x?xi64>'}}
lm.model @model(%ids: tensor<?x?xi64>) -> tensor<?x?xi64> {
  lm.return %ids : tensor<?x?xi64>
}

// -----
// expected-error @+1 {{has no attention to convert in its 1 layers}}
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %w = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // expected-remark @+1 {{layer 0 stays as it is: it has no lm.attention}}
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    lm.yield %h : tensor<?x?x8xf32>
  }
  %s = lm.split_heads %y : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
  // expected-warning @+1 {{stays as it is: it stands outside of a layer}}
  %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
  lm.return %y : tensor<?x?x8xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %w = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // expected-error @+1 {{'lm.layer' op expects one lm.attention a layer, found 2}}
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    // expected-note @+1 {{the second is here}}
    %b = lm.attention %a, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %b : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %w = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    // expected-note @+1 {{found lm.add}}
    %sum = lm.add %h, %h : tensor<?x?x8xf32>
    %s = lm.split_heads %sum : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // expected-error @+1 {{'lm.attention' op cannot be linearized: expects q to come from a linear through split_heads, norms and rope only}}
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %w = lm.param "table" : tensor<8x8xf32>
  %v = lm.param "v" : tensor<4x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %u = lm.linear %h, %v : (tensor<?x?x8xf32>, tensor<4x8xf32>) -> tensor<?x?x4xf32>
    %vs = lm.split_heads %u : tensor<?x?x4xf32> to tensor<?x?x2x2xf32>
    // expected-error @+1 {{'lm.attention' op cannot be linearized: the output gate expects values of 4 channels a head as queries have, found 'tensor<?x?x2x2xf32>'}}
    %a = lm.attention %s, %s, %vs docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x2xf32>, tensor<?x?xi32>) -> tensor<?x?x2x2xf32>
    lm.yield %h : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}

// -----
// expected-error @+1 {{has no attention to convert in its 1 layers: set convert-sliding to convert those with a window of their own}}
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %w = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // expected-remark @+1 {{layer 0 stays as it is: its attention has a window (4) of its own}}
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    lm.yield %h : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}
