// RUN: xlstm-opt %s | xlstm-opt | FileCheck %s
// RUN: xlstm-opt %s --mlir-print-op-generic | xlstm-opt | FileCheck %s
// Round trip of a planned function: views, joins, places, kernel calls with views left out, memory beside the views.

// CHECK-LABEL: kernel.func @decode on cpu attributes {context_length = 64 : i64}
kernel.func @decode on cpu attributes {context_length = 64 : i64} {
  // CHECK: %[[W:.*]] = kernel.arena weights : memref<1152xi8>
  %weights = kernel.arena weights : memref<1152xi8>
  %state = kernel.arena state : memref<64xi8>
  %scratch = kernel.arena scratch : memref<192xi8>
  %ids = kernel.ids : memref<1x1xi64>
  // CHECK: kernel.state "position" init 0.000000e+00 : memref<1xi32> in %{{.*}}[0] : memref<64xi8>
  %pos = kernel.state "position" init 0.0 : memref<1xi32> in %state[0] : memref<64xi8>
  %table = kernel.weight "table" : memref<16x8xf32> in %weights[0] : memref<1152xi8>
  // CHECK: kernel.weight "a" init 1.000000e+00 : memref<8x8xf32> in %[[W]][512] : memref<1152xi8>
  %a = kernel.weight "a" init 1.0 : memref<8x8xf32> in %weights[512] : memref<1152xi8>
  %b = kernel.weight "b" : memref<8x8xf32> in %weights[768] : memref<1152xi8>
  // CHECK: kernel.join %{{.*}}, %{{.*}} : memref<8x8xf32>, memref<8x8xf32> to memref<16x8xf32>
  %ab = kernel.join %a, %b : memref<8x8xf32>, memref<8x8xf32> to memref<16x8xf32>
  // CHECK: kernel.constant dense<{{.*}}> : tensor<2xi64> : memref<2xi64>
  %f = kernel.constant dense<[2, 1]> : tensor<2xi64> : memref<2xi64>
  %x = kernel.buffer : memref<1x1x8xf32> in %scratch[0] : memref<192xi8>
  %y = kernel.buffer : memref<1x1x16xf32> in %scratch[64] : memref<192xi8>
  %p = kernel.buffer : memref<1x1xi32> in %scratch[128] : memref<192xi8>
  %z = kernel.buffer : memref<1x1x2x4xf32> in %scratch[0] : memref<192xi8>
  // CHECK: kernel.embed ids(%{{.*}}) table(%{{.*}}) y(%{{.*}}) : memref<1x1xi64>, memref<16x8xf32>, memref<1x1x8xf32>
  kernel.embed ids(%ids) table(%table) y(%x) : memref<1x1xi64>, memref<16x8xf32>, memref<1x1x8xf32>
  // CHECK: kernel.linear x(%{{.*}}) w(%{{.*}}) y(%{{.*}}) :
  kernel.linear x(%x) w(%ab) y(%y) : memref<1x1x8xf32>, memref<16x8xf32>, memref<1x1x16xf32>
  kernel.positions pos(%pos) positions(%p) : memref<1xi32>, memref<1x1xi32>
  // CHECK: kernel.view %{{.*}} at 32 : memref<1x1x16xf32> to memref<1x1x2x4xf32, strided<[16, 16, 4, 1]>>
  %h = kernel.view %y at 32 : memref<1x1x16xf32> to memref<1x1x2x4xf32, strided<[16, 16, 4, 1]>>
  // CHECK: kernel.rope x(%{{.*}}) positions(%{{.*}}) turns(%{{.*}}) y(%{{.*}}) {factor = 1.000000e+00 : f32}
  kernel.rope x(%h) positions(%p) turns(%f) y(%z) {factor = 1.0 : f32}
    : memref<1x1x2x4xf32, strided<[16, 16, 4, 1]>>, memref<1x1xi32>, memref<2xi64>, memref<1x1x2x4xf32>
  %flat = kernel.view %z at 0 : memref<1x1x2x4xf32> to memref<1x1x8xf32>
  %logits = kernel.logits : memref<1x1x8xf32>
  kernel.copy x(%flat) y(%logits) : memref<1x1x8xf32>, memref<1x1x8xf32>
  // CHECK: kernel.advance pos(%{{.*}}) {tokens = 1 : i64} : memref<1xi32>
  kernel.advance pos(%pos) {tokens = 1 : i64} : memref<1xi32>
}

// CHECK-LABEL: kernel.func @prefill on cuda
kernel.func @prefill on cuda {
  // CHECK: kernel.arena workspace : memref<?xi8>
  %workspace = kernel.arena workspace : memref<?xi8>
  %ids = kernel.ids : memref<2x3xi64>
  %table = kernel.weight "table" : memref<16x8xbf16>
  %x = kernel.buffer : memref<2x3x8xbf16>
  %y = kernel.buffer : memref<2x3x16xf32>
  kernel.embed ids(%ids) table(%table) y(%x) : memref<2x3xi64>, memref<16x8xbf16>, memref<2x3x8xbf16>
  // CHECK: kernel.linear x(%{{.*}}) w(%{{.*}}) y(%{{.*}}) workspace(%{{.*}}) :
  kernel.linear x(%x) w(%table) y(%y) workspace(%workspace)
    : memref<2x3x8xbf16>, memref<16x8xbf16>, memref<2x3x16xf32>, memref<?xi8>
}

// Weights in panels, the last token, and where threads meet.
// CHECK-LABEL: kernel.func @panels on cpu
kernel.func @panels on cpu {
  %ids = kernel.ids : memref<1x4xi64>
  // CHECK: kernel.weight "table" : memref<48x2x!kernel.panel<q4m>>
  %table = kernel.weight "table" : memref<48x2x!kernel.panel<q4m>>
  %w = kernel.weight "w" : memref<64x2x!kernel.panel<f16>>
  %x = kernel.buffer : memref<1x4x64xf32>
  %last = kernel.buffer : memref<1x1x64xf32>
  %logits = kernel.logits : memref<1x1x64xf32>
  // CHECK: kernel.embed_panels ids(%{{.*}}) table(%{{.*}}) y(%{{.*}}) : memref<1x4xi64>, memref<48x2x!kernel.panel<q4m>>, memref<1x4x64xf32>
  kernel.embed_panels ids(%ids) table(%table) y(%x) : memref<1x4xi64>, memref<48x2x!kernel.panel<q4m>>, memref<1x4x64xf32>
  // CHECK: kernel.meet
  kernel.meet
  // CHECK: kernel.last x(%{{.*}}) y(%{{.*}}) : memref<1x4x64xf32>, memref<1x1x64xf32>
  kernel.last x(%x) y(%last) : memref<1x4x64xf32>, memref<1x1x64xf32>
  // CHECK: kernel.linear_panels x(%{{.*}}) w(%{{.*}}) y(%{{.*}}) : memref<1x1x64xf32>, memref<64x2x!kernel.panel<f16>>, memref<1x1x64xf32>
  kernel.linear_panels x(%last) w(%w) y(%logits) : memref<1x1x64xf32>, memref<64x2x!kernel.panel<f16>>, memref<1x1x64xf32>
}
