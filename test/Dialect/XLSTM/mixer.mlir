// RUN: xlstm-opt %s | xlstm-opt | FileCheck %s
// RUN: xlstm-opt %s --emit-bytecode | xlstm-opt | FileCheck %s
// #xlstm.mixer leaves out what is default, and its numbers keep their digits.

// CHECK: test.a = #xlstm.mixer,
// CHECK-SAME: test.b = #xlstm.mixer<mixer = "linear-attention", chunk = 16>,
// CHECK-SAME: test.c = #xlstm.mixer<input_gate_bias = 1.0e-07, forget_gate_bias = 0.30000000000000004, output_gate_bias = -12.0>,
// CHECK-SAME: test.d = #xlstm.mixer<window = 64>
module attributes {
  test.a = #xlstm.mixer<mixer = hybrid, window = 512, forget_gate_bias = 4.0>,
  test.b = #xlstm.mixer<mixer = "linear-attention", chunk = 16>,
  test.c = #xlstm.mixer<input_gate_bias = 0.0000001, forget_gate_bias = 0.30000000000000004, output_gate_bias = -12.0>,
  test.d = #xlstm.mixer<window = 64, form = chunkwise>
} {}
