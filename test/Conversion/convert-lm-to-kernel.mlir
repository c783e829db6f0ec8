// RUN: xlstm-opt %s --convert-lm-to-kernel | FileCheck %s
// RUN: xlstm-opt %s --convert-lm-to-kernel='target=cuda' | FileCheck %s --check-prefix=CUDA
// One op, its kernels: views for heads and slices, states in place, a copy where rows lie apart and must not, logits where
// the caller wants them, the position as a state.

// CHECK-LABEL: kernel.func @prefill on cpu attributes {context_length = 99 : i64}
// CHECK: %[[IDS:.*]] = kernel.ids : memref<1x2xi64>
// CHECK: %[[POS:.*]] = kernel.state "position" init 0.000000e+00 : memref<1xi32>
// CHECK: %[[RK:.*]] = kernel.state "layers.0.ring_k" init 0.000000e+00 : memref<1x3x1x4xf32>
// CHECK: %[[M:.*]] = kernel.state "layers.0.m" init 0xFF800000 : memref<1x2xf32>
// CUDA-LABEL: kernel.func @prefill on cuda
// CUDA: %[[WS:.*]] = kernel.arena workspace : memref<?xi8>
lm.model @prefill(%ids: tensor<1x2xi64>, %pos: tensor<1xi32>,
                  %rk: tensor<1x3x1x4xf32> {lm.init = 0.0 : f32, lm.state = "layers.0.ring_k"},
                  %rv: tensor<1x3x1x4xf32> {lm.init = 0.0 : f32, lm.state = "layers.0.ring_v"},
                  %S: tensor<1x2x4x4xf32> {lm.init = 0.0 : f32, lm.state = "layers.0.S"},
                  %z: tensor<1x2x4xf32> {lm.init = 0.0 : f32, lm.state = "layers.0.z"},
                  %m: tensor<1x2xf32> {lm.init = 0xFF800000 : f32, lm.state = "layers.0.m"})
    -> (tensor<1x1x16xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
    attributes {context_length = 99 : i64} {
  // CHECK: %[[P:.*]] = kernel.buffer : memref<1x2xi32>
  // CHECK: kernel.positions pos(%[[POS]]) positions(%[[P]])
  %p = lm.positions %ids at %pos : (tensor<1x2xi64>, tensor<1xi32>) -> tensor<1x2xi32>
  // CHECK: %[[T:.*]] = kernel.weight "table" : memref<16x8xf32>
  // CHECK: kernel.embed ids(%[[IDS]]) table(%[[T]]) y(%[[X:.*]]) :
  %table = lm.param "table" : tensor<16x8xf32>
  %x = lm.embed %ids, %table : (tensor<1x2xi64>, tensor<16x8xf32>) -> tensor<1x2x8xf32>
  // CHECK: kernel.rms_norm x(%[[X]]) w(%{{.*}}) y(%[[N:.*]]) {eps = 9.99999974E-6 : f32}
  %n = lm.param "norm" : tensor<8xf32>
  %y = lm.rms_norm %x, %n {eps = 1.0e-05 : f64} : tensor<1x2x8xf32>, tensor<8xf32>
  // Two projections as one: the weights together, the results slices of one buffer.
  // CHECK: %[[JOIN:.*]] = kernel.join
  // CHECK: kernel.linear x(%[[N]]) w(%[[JOIN]]) y(%[[QK:.*]]) :
  // CHECK: kernel.view %[[QK]] at 0 : memref<1x2x12xf32> to memref<1x2x8xf32, strided<[24, 12, 1]>>
  // CHECK: kernel.view %[[QK]] at 32 : memref<1x2x12xf32> to memref<1x2x4xf32, strided<[24, 12, 1]>>
  // CUDA: kernel.linear x(%{{.*}}) w(%{{.*}}) y(%{{.*}}) workspace(%[[WS]])
  // CUDA: kernel.linear x(%{{.*}}) w(%{{.*}}) y(%{{.*}}) workspace(%[[WS]]) {beside}
  %wq = lm.param "wq" : tensor<8x8xf32>
  %wk = lm.param "wk" : tensor<4x8xf32>
  %w = lm.pack %wq, %wk : tensor<8x8xf32>, tensor<4x8xf32> to tensor<12x8xf32>
  %qk = lm.linear %y, %w : (tensor<1x2x8xf32>, tensor<12x8xf32>) -> tensor<1x2x12xf32>
  %wg = lm.param "wg" : tensor<2x8xf32>
  %g = lm.linear %y, %wg : (tensor<1x2x8xf32>, tensor<2x8xf32>) -> tensor<1x2x2xf32>
  %q = lm.slice %qk from 0 : tensor<1x2x12xf32> to tensor<1x2x8xf32>
  %k = lm.slice %qk from 8 : tensor<1x2x12xf32> to tensor<1x2x4xf32>
  %qh = lm.split_heads %q : tensor<1x2x8xf32> to tensor<1x2x2x4xf32>
  %kh = lm.split_heads %k : tensor<1x2x4xf32> to tensor<1x2x1x4xf32>
  // CHECK: %[[F:.*]] = kernel.constant dense<[293589050328200122{{6|7}}, 1467945251641000613]> : tensor<2xi64> : memref<2xi64>
  // CHECK: kernel.rope x(%{{.*}}) positions(%[[P]]) turns(%[[F]]) y(%[[QR:.*]]) {factor = 1.500000e+00 : f32} : memref<1x2x2x4xf32, strided<[24, 12, 4, 1]>>
  %qr = lm.rope %qh, %p {rope = #lm.rope<frequencies = [1.0, 0.5], attention_factor = 1.5 : f64>} : tensor<1x2x2x4xf32>, tensor<1x2xi32>
  // Equal constants are one.
  // CHECK-NOT: kernel.constant
  // CHECK: kernel.rope {{.*}} turns(%[[F]]) y(%[[KR:.*]]) {
  %kr = lm.rope %kh, %p {rope = #lm.rope<frequencies = [1.0, 0.5], attention_factor = 1.5 : f64>} : tensor<1x2x1x4xf32>, tensor<1x2xi32>
  // CHECK: kernel.attention q(%[[QR]]) k(%[[KR]]) v(%{{.*}}) pos(%[[POS]]) ring_k(%[[RK]]) ring_v(%{{.*}}) h(%[[H:.*]]) {scale = 5.000000e-01 : f32}
  %h, %newK, %newV = lm.attention %qr, %kr, %kh at %pos state(%rk, %rv) {scale = 0.5 : f64, window = 3 : i64}
    : (tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>, tensor<1xi32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>)
   -> (tensor<1x2x2x4xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>)
  %map = lm.param "map" : tensor<2x4x4xf32>
  // CHECK: kernel.feature_map_softmax x(%[[QR]]) w(%[[MAP:.*]]) y(
  // CHECK: kernel.feature_map_elu x(%[[KR]]) w(%[[MAP]]) y(
  %qm = xlstm.feature_map softmax %qr, %map : (tensor<1x2x2x4xf32>, tensor<2x4x4xf32>) -> tensor<1x2x2x4xf32>
  %km = xlstm.feature_map elu %kr, %map : (tensor<1x2x1x4xf32>, tensor<2x4x4xf32>) -> tensor<1x2x2x4xf32>
  // No gates, and v lies apart.
  // CHECK: kernel.mlstm q(%{{.*}}) k(%{{.*}}) v(%{{.*}}) S(%{{.*}}) z(%{{.*}}) max(%[[M]]) h(%[[MEM:.*]]) {chunk = 16 : i64}
  %mem, %new:3 = xlstm.mlstm chunkwise %qm, %km, %kh state(%S, %z, %m) {chunk = 16 : i64}
    : (tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
   -> (tensor<1x2x2x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
  // CHECK: kernel.output_gate q(%{{.*}}) k(%{{.*}}) v(%{{.*}}) w(%{{.*}}) b(%{{.*}}) y(%[[O:.*]]) :
  %ow = lm.param "ow" : tensor<2x12xf32>
  %ob = lm.param "ob" : tensor<2xf32>
  %o = xlstm.output_gate %qh, %kh, %kh, %ow, %ob
    : (tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>, tensor<2x12xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>
  // CHECK: kernel.mix gate(%[[O]]) memory(%[[MEM]]) window(%[[H]]) y(
  %mixed = xlstm.mix %o, %mem, %h : tensor<1x2x2xf32>, tensor<1x2x2x4xf32>
  %merged = lm.merge_heads %mixed : tensor<1x2x2x4xf32> to tensor<1x2x8xf32>
  // A sum does not take rows that lie apart: a copy in front of it.
  // CHECK: kernel.copy x(%{{.*}}) y(%[[DENSE:.*]]) : memref<1x2x8xf32, strided<[24, 12, 1]>>, memref<1x2x8xf32>
  // CHECK: kernel.add a(
  %sum = lm.add %q, %merged : tensor<1x2x8xf32>
  // CHECK: kernel.swiglu
  // CHECK: kernel.scale {{.*}} {factor = 2.500000e-01 : f32}
  %mlp = lm.swiglu %sum, %y : tensor<1x2x8xf32>
  %scaled = lm.scale %mlp {factor = 0.25 : f64} : tensor<1x2x8xf32>
  // On the CPU a call may have fewer tokens, so the last one's place is known when it runs. All are read by then.
  // CHECK: kernel.advance pos(%[[POS]]) {tokens = 2 : i64}
  // CHECK-NEXT: kernel.last x(%{{.*}}) y(%[[LAST:.*]]) : memref<1x2x8xf32>, memref<1x1x8xf32>
  // CUDA: kernel.view %{{.*}} at 32 : memref<1x2x8xf32> to memref<1x1x8xf32>
  %last = lm.last_token %scaled : tensor<1x2x8xf32> to tensor<1x1x8xf32>
  // CHECK: %[[LOGITS:.*]] = kernel.logits : memref<1x1x16xf32>
  // CHECK: kernel.linear x(%[[LAST]]) w(%[[T]]) residual(%{{.*}}) y(%[[LOGITS]]) :
  %first = lm.linear %last, %table : (tensor<1x1x8xf32>, tensor<16x8xf32>) -> tensor<1x1x16xf32>
  %logits = lm.linear_add %last, %table to %first : (tensor<1x1x8xf32>, tensor<16x8xf32>, tensor<1x1x16xf32>) -> tensor<1x1x16xf32>
  // CUDA: kernel.advance pos(%{{.*}}) {tokens = 2 : i64}
  lm.return %logits, %newK, %newV, %new#0, %new#1, %new#2
    : tensor<1x1x16xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>
}

// What has no state stays as it is.
// CHECK-LABEL: lm.model @model
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?xi64> {
  lm.return %ids : tensor<?x?xi64>
}
