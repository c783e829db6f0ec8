// RUN: xlstm-opt %s --split-input-file --convert-lm-to-kernel='panels=true' --verify-diagnostics | FileCheck %s
// RUN: xlstm-opt %s --split-input-file --convert-lm-to-kernel='panels=true' --xlstm-plan-memory --convert-kernel-to-llvm --verify-diagnostics | FileCheck %s --check-prefix=LLVM
// On the CPU weights of projections and embeddings lie in panels: 32 columns are one element.

// CHECK-LABEL: kernel.func @decode
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x48xf32>, tensor<1x1xf32>) {
  // One table of both an embedding and a projection.
  // CHECK: %[[TABLE:.*]] = kernel.weight "table" : memref<48x2x!kernel.panel<q8>>
  // CHECK: kernel.embed_panels ids(%{{.*}}) table(%[[TABLE]]) y(
  // LLVM: llvm.call @xlstm_cpu_embed_panels_q8p(
  %table = lm.param "table" : tensor<48x64x!lm.block<i8, 32>>
  %x = lm.embed %ids, %table : (tensor<1x1xi64>, tensor<48x64x!lm.block<i8, 32>>) -> tensor<1x1x64xf32>
  // Parts of whole panels, and a last one; the bias is float32.
  // CHECK: kernel.weight "q" : memref<32x2x!kernel.panel<q4>>
  // CHECK: kernel.weight "k" : memref<40x2x!kernel.panel<q4>>
  // CHECK: %[[QK:.*]] = kernel.join {{.*}} to memref<72x2x!kernel.panel<q4>>
  // CHECK: %[[BIAS:.*]] = kernel.weight "bias" : memref<72xf32>
  // CHECK: kernel.linear_panels x(%{{.*}}) w(%[[QK]]) bias(%[[BIAS]]) y(
  // LLVM: llvm.call @xlstm_cpu_linear_panels_q4p(
  %q = lm.param "q" : tensor<32x64x!lm.block<i4, 32>>
  %k = lm.param "k" : tensor<40x64x!lm.block<i4, 32>>
  %qk = lm.pack %q, %k : tensor<32x64x!lm.block<i4, 32>>, tensor<40x64x!lm.block<i4, 32>> to tensor<72x64x!lm.block<i4, 32>>
  %b = lm.param "bias" : tensor<72xbf16>
  %1 = lm.linear %x, %qk bias(%b) : (tensor<1x1x64xf32>, tensor<72x64x!lm.block<i4, 32>>, tensor<72xbf16>) -> tensor<1x1x72xf32>
  %2 = lm.slice %1 from 0 : tensor<1x1x72xf32> to tensor<1x1x64xf32>
  // CHECK: kernel.weight "o" blocks [1, 0] of 32 along 1 : memref<64x2x!kernel.panel<q4m>>
  // LLVM: llvm.call @xlstm_cpu_linear_panels_q4mp(
  %o = lm.param "o" : tensor<64x96x!lm.block<i4, 32, minimum>>
  %part = lm.take_blocks %o [1, 0] of 32 along 1 : tensor<64x96x!lm.block<i4, 32, minimum>> to tensor<64x64x!lm.block<i4, 32, minimum>>
  %3 = lm.linear_add %2, %part to %x : (tensor<1x1x64xf32>, tensor<64x64x!lm.block<i4, 32, minimum>>, tensor<1x1x64xf32>) -> tensor<1x1x64xf32>
  // Floats, too, but not fewer rows than a panel has, or rows without whole blocks.
  // CHECK: kernel.weight "half" : memref<16x2x!kernel.panel<bf16>>
  // LLVM: llvm.call @xlstm_cpu_linear_panels_bf16p(
  %h = lm.param "half" : tensor<16x64xbf16>
  %4 = lm.linear %3, %h : (tensor<1x1x64xf32>, tensor<16x64xbf16>) -> tensor<1x1x16xf32>
  // CHECK: kernel.weight "odd" : memref<64x16xf32>
  // CHECK: kernel.linear x(
  %w = lm.param "odd" : tensor<64x16xf32>
  %5 = lm.linear %4, %w : (tensor<1x1x16xf32>, tensor<64x16xf32>) -> tensor<1x1x64xf32>
  // CHECK: kernel.weight "few" : memref<8x64xf32>
  %f = lm.param "few" : tensor<8x64xf32>
  %6 = lm.linear %5, %f : (tensor<1x1x64xf32>, tensor<8x64xf32>) -> tensor<1x1x8xf32>
  // CHECK: kernel.linear_panels x(%{{.*}}) w(%[[TABLE]]) y(%{{.*}})
  %7 = lm.linear %5, %table : (tensor<1x1x64xf32>, tensor<48x64x!lm.block<i8, 32>>) -> tensor<1x1x48xf32>
  lm.return %7, %m : tensor<1x1x48xf32>, tensor<1x1xf32>
}

// -----

// Blocks for which there is no kernel.
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x1xf32> {lm.init = 0.0 : f32, lm.state = "m"})
    -> (tensor<1x1x64xf32>, tensor<1x1xf32>) {
  // expected-error @below {{'lm.param' op expects weights of floats, or blocks that lie in panels: read by projections and embeddings alone, of 16 rows or more, in blocks of 32 with scales of f16, on the CPU}}
  // expected-error @below {{failed to legalize}}
  %w = lm.param "w" : tensor<16x64x!lm.block<i8, 64>>
  %x = lm.embed %ids, %w : (tensor<1x1xi64>, tensor<16x64x!lm.block<i8, 64>>) -> tensor<1x1x64xf32>
  lm.return %x, %m : tensor<1x1x64xf32>, tensor<1x1xf32>
}
