// RUN: xlstm-opt %s --xlstm-plan-buffers --convert-lm-to-llvm | FileCheck %s
// RUN: xlstm-opt %s --xlstm-plan-buffers --convert-lm-to-llvm | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=IR
// One kernel call an op, with constant sizes and pointers into the three memories; init_state and xlstm_model.

// ABI, tokens of a prefill, vocabulary, context; bytes of weights, state and scratch.
// IR: @xlstm_model = constant { i32, i32, i64, i64, i64, i64, i64, ptr, ptr, ptr } { i32 1, i32 2, i64 16, i64 99, i64 1600, i64 384, i64 {{[0-9]+}}, ptr @init_state, ptr @prefill, ptr @decode }

// Equal ropes share their table.
// CHECK: llvm.mlir.global internal constant @rope_frequencies_0(dense<[1.000000e+00, 5.000000e-01]> : tensor<2xf32>)
// CHECK-NOT: @rope_frequencies_1

// CHECK-LABEL: llvm.func internal @prefill(
// CHECK-SAME: %[[W:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias, llvm.readonly}, %[[ST:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias},
// CHECK-SAME: %[[SC:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias}, %[[IDS:[a-z0-9]+]]: !llvm.ptr {llvm.noalias, llvm.readonly}, %[[POS:[a-z0-9]+]]: i32, %[[LOGITS:[a-z0-9]+]]: !llvm.ptr {llvm.noalias}) {
lm.model @prefill(%ids: tensor<1x2xi64>, %pos: tensor<1xi32>,
                  %rk: tensor<1x3x1x4xf32> {lm.init = 0.0 : f32, lm.state = "rk"},
                  %rv: tensor<1x3x1x4xf32> {lm.init = 0.0 : f32, lm.state = "rv"},
                  %S: tensor<1x2x4x4xf32> {lm.init = 0.0 : f32, lm.state = "S"},
                  %z: tensor<1x2x4xf32> {lm.init = 0.0 : f32, lm.state = "z"},
                  %m: tensor<1x2xf32> {lm.init = 0xFF800000 : f32, lm.state = "m"})
    -> (tensor<1x1x16xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
    attributes {context_length = 99 : i64} {
  // pos goes where the kernels read it.
  // CHECK: llvm.store %[[POS]], %[[SC]] : i32, !llvm.ptr
  // CHECK: llvm.call @xlstm_cpu_positions(%[[SC]], %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, i64, i64) -> ()
  %p = lm.positions %ids at %pos : (tensor<1x2xi64>, tensor<1xi32>) -> tensor<1x2xi32>
  // CHECK: llvm.call @xlstm_cpu_embed_bf16(%[[IDS]], %[[W]],
  // IR: call void @xlstm_cpu_embed_bf16(ptr %3, ptr %0, ptr {{.*}}, i64 2, i64 16, i64 8)
  %table = lm.param "table" : tensor<16x8xbf16>
  %x = lm.embed %ids, %table : (tensor<1x2xi64>, tensor<16x8xbf16>) -> tensor<1x2x8xf32>
  // IR: call void @xlstm_cpu_rms_norm_f16(ptr {{.*}}, ptr {{.*}}, ptr {{.*}}, i64 2, i64 8, double 1.000000e-05)
  %n = lm.param "norm" : tensor<8xf16>
  %y = lm.rms_norm %x, %n {eps = 1.0e-05 : f64} : tensor<1x2x8xf32>, tensor<8xf16>
  // IR: call void @xlstm_cpu_linear_f32(ptr {{.*}}, ptr {{.*}}, ptr null, ptr {{.*}}, i64 2, i64 8, i64 8)
  %w = lm.param "w" : tensor<8x8xf32>
  %q = lm.linear %y, %w : (tensor<1x2x8xf32>, tensor<8x8xf32>) -> tensor<1x2x8xf32>
  // IR: call void @xlstm_cpu_linear_f32(ptr {{.*}}, ptr {{.*}}, ptr %[[#]], ptr {{.*}}, i64 2, i64 8, i64 4)
  %wk = lm.param "wk" : tensor<4x8xf32>
  %bk = lm.param "bk" : tensor<4xf32>
  %k = lm.linear %y, %wk bias(%bk) : (tensor<1x2x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<1x2x4xf32>
  %qh = lm.split_heads %q : tensor<1x2x8xf32> to tensor<1x2x2x4xf32>
  %kh = lm.split_heads %k : tensor<1x2x4xf32> to tensor<1x2x1x4xf32>
  // IR: call void @xlstm_cpu_rope(ptr {{.*}}, ptr {{.*}}, ptr @rope_frequencies_0, float 1.500000e+00, ptr {{.*}}, i64 1, i64 2, i64 2, i64 4)
  // IR: call void @xlstm_cpu_rope(ptr {{.*}}, ptr {{.*}}, ptr @rope_frequencies_0, float 1.500000e+00, ptr {{.*}}, i64 1, i64 2, i64 1, i64 4)
  %qr = lm.rope %qh, %p {rope = #lm.rope<frequencies = [1.0, 0.5], attention_factor = 1.5 : f64>} : tensor<1x2x2x4xf32>, tensor<1x2xi32>
  %kr = lm.rope %kh, %p {rope = #lm.rope<frequencies = [1.0, 0.5], attention_factor = 1.5 : f64>} : tensor<1x2x1x4xf32>, tensor<1x2xi32>
  // No sinks: null.
  // IR: call void @xlstm_cpu_attention(ptr {{.*}}, ptr null, ptr null, ptr {{.*}}, i64 1, i64 2, i64 2, i64 1, i64 4, i64 4, i64 3, i64 0, float 5.000000e-01)
  %h, %newK, %newV = lm.attention %qr, %kr, %kh at %pos state(%rk, %rv) {scale = 0.5 : f64, window = 3 : i64}
    : (tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>, tensor<1xi32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>)
   -> (tensor<1x2x2x4xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>)
  // IR: call void @xlstm_cpu_feature_map_softmax_f32(ptr {{.*}}, i64 1, i64 2, i64 2, i64 2, i64 4, i64 4)
  // IR: call void @xlstm_cpu_feature_map_elu_f32(ptr {{.*}}, i64 1, i64 2, i64 1, i64 2, i64 4, i64 4)
  %map = lm.param "map" : tensor<2x4x4xf32>
  %qm = xlstm.feature_map softmax %qr, %map : (tensor<1x2x2x4xf32>, tensor<2x4x4xf32>) -> tensor<1x2x2x4xf32>
  %km = xlstm.feature_map elu %kr, %map : (tensor<1x2x1x4xf32>, tensor<2x4x4xf32>) -> tensor<1x2x2x4xf32>
  // No gates: null.
  // IR: call void @xlstm_cpu_mlstm(ptr {{.*}}, ptr null, ptr null, ptr {{.*}}, i64 1, i64 2, i64 2, i64 1, i64 4, i64 4, i64 16)
  %mem, %new:3 = xlstm.mlstm chunkwise %qm, %km, %kh state(%S, %z, %m) {chunk = 16 : i64}
    : (tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
   -> (tensor<1x2x2x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>)
  // IR: call void @xlstm_cpu_output_gate_f32(ptr {{.*}}, i64 1, i64 2, i64 2, i64 1, i64 4)
  %ow = lm.param "ow" : tensor<2x12xf32>
  %ob = lm.param "ob" : tensor<2xf32>
  %o = xlstm.output_gate %qh, %kh, %kh, %ow, %ob
    : (tensor<1x2x2x4xf32>, tensor<1x2x1x4xf32>, tensor<1x2x1x4xf32>, tensor<2x12xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>
  // IR: call void @xlstm_cpu_mix(ptr {{.*}}, i64 4, i64 4)
  %mixed = xlstm.mix %o, %mem, %h : tensor<1x2x2xf32>, tensor<1x2x2x4xf32>
  %merged = lm.merge_heads %mixed : tensor<1x2x2x4xf32> to tensor<1x2x8xf32>
  // IR: call void @xlstm_cpu_add(ptr {{.*}}, i64 16)
  // IR: call void @xlstm_cpu_swiglu(ptr {{.*}}, i64 16)
  // IR: call void @xlstm_cpu_scale(ptr {{.*}}, float 2.500000e-01, ptr {{.*}}, i64 16)
  %sum = lm.add %x, %merged : tensor<1x2x8xf32>
  %mlp = lm.swiglu %sum, %y : tensor<1x2x8xf32>
  %scaled = lm.scale %mlp {factor = 0.25 : f64} : tensor<1x2x8xf32>
  %last = lm.last_token %scaled : tensor<1x2x8xf32> to tensor<1x1x8xf32>
  // CHECK: llvm.call @xlstm_cpu_linear_bf16
  // CHECK: "llvm.intr.memcpy"(%[[LOGITS]],
  // IR: call void @llvm.memcpy.p0.p0.i64(ptr %5, ptr {{.*}}, i64 64, i1 false)
  // CHECK-NEXT: llvm.return
  %logits = lm.linear %last, %table : (tensor<1x1x8xf32>, tensor<16x8xbf16>) -> tensor<1x1x16xf32>
  lm.return %logits, %newK, %newV, %new#0, %new#1, %new#2
    : tensor<1x1x16xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4xf32>, tensor<1x2xf32>
}

// CHECK-LABEL: llvm.func internal @decode
lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %m: tensor<1x2xf32> {lm.init = 0xFF800000 : f32, lm.state = "m"})
    -> (tensor<1x1x16xf32>, tensor<1x2xf32>) attributes {context_length = 99 : i64} {
  %table = lm.param "logits" : tensor<16x16xf16>
  %x = lm.embed %ids, %table : (tensor<1x1xi64>, tensor<16x16xf16>) -> tensor<1x1x16xf32>
  lm.return %x, %m : tensor<1x1x16xf32>, tensor<1x2xf32>
}

// The forward pass has no native form.
// CHECK-NOT: lm.model
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?xi64> {
  lm.return %ids : tensor<?x?xi64>
}

// The maximum starts at minus infinity.
// CHECK-LABEL: llvm.func internal @init_state
// IR-LABEL: define internal void @init_state
// IR: store float 0.000000e+00
// IR: store float 0xFFF0000000000000

// CHECK-LABEL: llvm.mlir.global external constant @xlstm_model()
