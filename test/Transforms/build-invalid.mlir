// RUN: xlstm-opt %s --split-input-file --verify-diagnostics --xlstm-build-prefill='batch=4'
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='batch=0' 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-decode='context=-1' 2>&1 | FileCheck %s --check-prefix=CONTEXT
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='chunk=-1' 2>&1 | FileCheck %s --check-prefix=CHUNK
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='tokens=4611686018427387904' 2>&1 | FileCheck %s --check-prefix=MOST -DNAME=tokens
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-decode='batch=4611686018427387904' 2>&1 | FileCheck %s --check-prefix=MOST -DNAME=batch
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-decode='context=9223372036854775807' 2>&1 | FileCheck %s --check-prefix=MOST -DNAME=context
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-decode='batch=2147483647 context=2147483647' 2>&1 | FileCheck %s --check-prefix=BYTES
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='batch=2147483647 tokens=2147483647' 2>&1 | FileCheck %s --check-prefix=ACTIVATION
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='name=' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='name=init_state' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='name=constants' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not xlstm-opt %S/build-prefill.mlir --xlstm-build-prefill='logits=some' 2>&1 | FileCheck %s --check-prefix=LOGITS
// What cannot be run in steps is an error that says why.

// BATCH: error: option batch expects at least 1, found 0
// CONTEXT: error: option context expects at least 0, found -1
// CHUNK: error: option chunk expects at least 0, found -1
// MOST: error: option [[NAME]] expects at most 2147483647, found {{[0-9]+$}}
// BYTES: error: 'lm.attention' op expects state cache_k to have less than 2^63 bytes, found 'tensor<2147483647x2147483647x2x4xf32>'
// ACTIVATION: error: 'lm.model' op expects ranked tensors of less than 2^63 bytes as arguments, found 'tensor<2147483647x2147483647xi64>'
// NAME: error: option name expects a name that compiled code does not use itself, found "{{.*}}"
// LOGITS: Cannot find option named 'some'!

// expected-error @+1 {{batch is 4 but @model is fixed to 2}}
lm.model @model(%ids: tensor<2x3xi64>, %docs: tensor<2x3xi32>) -> tensor<2x3x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %t : (tensor<2x3xi64>, tensor<8x8xf32>) -> tensor<2x3x8xf32>
  lm.return %e : tensor<2x3x8xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    // expected-error @+1 {{'lm.attention' op has no window and the model no context_length: option context expects at least 1}}
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    lm.yield %h : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    // expected-error @+1 {{'lm.attention' op is the second of its layer with a state ring_k}}
    %b = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    lm.yield %h : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %s = lm.split_heads %e : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
  // expected-error @+1 {{'lm.attention' op reads doc_start and has no form with explicit state outside of a layer}}
  %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
  lm.return %e : tensor<?x?x8xf32>
}

// -----
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %pos = lm.param "p" : tensor<4xf32>
  %y = lm.layer 0 (%h = %e, %d = %docs) : (tensor<?x?x8xf32>, tensor<?x?xi32>) -> tensor<?x?x8xf32> {
    // expected-error @+1 {{'lm.positions' op expects the model's own doc_start}}
    %p = lm.positions %ids docs(%d) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
    lm.yield %h : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}

// -----
// Sizes that dynamic ones agree with may not agree with the option.
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<2x?x8xf32> {
  %t = lm.param "table" : tensor<8x8xf32>
  // expected-error @+1 {{'lm.embed' op expects dimension B of result to be 4 as in ids, found 2}}
  %e = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<2x?x8xf32>
  lm.return %e : tensor<2x?x8xf32>
}
