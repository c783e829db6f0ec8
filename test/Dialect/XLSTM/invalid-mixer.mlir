// RUN: xlstm-opt %s --split-input-file --verify-diagnostics
// RUN: not xlstm-opt %S/../../Transforms/linearize.mlir --xlstm-linearize=input-gate-bias=inf 2>&1 | FileCheck %s

// #mixer C3
// CHECK: error: gate biases expect finite numbers, found INF

// #mixer C1
// expected-error @+1 {{option window expects at least 1, found 0}}
module attributes {test.a = #xlstm.mixer<window = 0>} {}

// -----
// #mixer C1
// expected-error @+1 {{option sinks expects at least 0, found -1}}
module attributes {test.a = #xlstm.mixer<sinks = -1>} {}

// -----
// #mixer C2
// expected-error @+1 {{option chunk expects at least 1, found 0}}
module attributes {test.a = #xlstm.mixer<chunk = 0>} {}

// -----
// #mixer C4
// expected-error @+1 {{expects xlstm.mixer to be a #xlstm.mixer of an lm.layer, found #xlstm.mixer}}
module attributes {xlstm.mixer = #xlstm.mixer} {}

// -----
// expected-error @+2 {{invalid kind of a mixer specification: attention}}
// expected-error @+1 {{failed to parse XLSTM_MixerAttr parameter 'mixer'}}
module attributes {test.a = #xlstm.mixer<mixer = attention>} {}
