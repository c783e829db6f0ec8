// RUN: xlstm-opt %s --xlstm-linearize='window=8 sinks=2' --xlstm-build-prefill='batch=2 tokens=4 name=prefill_4' --xlstm-build-prefill='batch=2 tokens=8 name=prefill_8' --xlstm-build-decode='batch=2' --xlstm-fuse-hybrid --xlstm-set-precision='type=bf16' --xlstm-fuse-linear --xlstm-plan-buffers --convert-lm-to-cuda | mlir-translate --mlir-to-llvmir | FileCheck %s
// RUN: xlstm-opt %s --xlstm-linearize='window=8 sinks=0' --xlstm-build-prefill='batch=1 tokens=4' --xlstm-build-decode='batch=1' --xlstm-fuse-hybrid --xlstm-set-precision --xlstm-plan-buffers --convert-lm-to-cuda='random-weights' | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=F32
// One step an op with constant sizes, positions on the device, the first error returned; what the model exports.

// The functions by falling tokens; frequencies behind the weights; no random weights.
// CHECK: @functions = internal constant [3 x { i64, ptr }] [{ i64, ptr } { i64 8, ptr @prefill_8 }, { i64, ptr } { i64 4, ptr @prefill_4 }, { i64, ptr } { i64 1, ptr @decode }]
// CHECK: @constant_0 = internal constant [4 x float] [float 1.000000e+00, {{.*}}], align 64
// CHECK: @constants = internal constant [1 x { i64, i64, ptr }] [{ i64, i64, ptr } { i64 3584, i64 16, ptr @constant_0 }]
// ABI, rows, vocabulary, context; bytes of weights, state (2 positions of 64 bytes) and scratch; what decode moves, what
// prefill multiplies.
// CHECK: @xlstm_cuda_model = constant {{{.*}}} { i32 1, i32 2, i64 24, i64 64, i64 3648, i64 1984, i64 {{[0-9]+}}, ptr @workspace_bytes, ptr @zeroed_bytes, ptr @init_state, ptr @functions, i64 3, ptr null, i64 0, ptr @constants, i64 1, i64 6328, i64 1664 }

// CHECK-LABEL: define internal i32 @prefill_4(ptr %0, ptr %1)
// The text's position lies behind the planned state.
// CHECK: %[[POS:.*]] = getelementptr i8, ptr %{{.*}}, i64 1856
// CHECK: %[[R:.*]] = call i32 @xlstm_cuda_positions(ptr %[[POS]], ptr %[[P:[0-9]+]], i64 2, i64 4, ptr %1)
// CHECK: %[[GOOD:.*]] = icmp eq i32 %[[R]], 0
// CHECK: br i1 %[[GOOD]], label %[[ON:[0-9]+]], label %[[OFF:[0-9]+]]
// CHECK: [[ON]]:
// CHECK: call i32 @xlstm_cuda_embed(i32 1, {{.*}}, i64 8, i64 24, i64 16, ptr %1)
// CHECK: [[OFF]]:
// CHECK: ret i32 %[[R]]
// CHECK: call i32 @xlstm_cuda_rms_norm(i32 1, ptr %{{.*}}, ptr %{{.*}}, ptr %{{.*}}, i64 8, i64 1, i64 16, i64 16, float 0x3EE4F8B580000000, ptr %1)
// CHECK: call i32 @xlstm_cuda_linear(i32 1, i32 1, i32 1, ptr %[[X:.*]], ptr %{{.*}}, ptr %{{.*}}, ptr null, ptr %{{.*}}, i64 8, i64 16, i64 16,
// Further projections of the same value need not wait. Gates are float32.
// CHECK: call i32 @xlstm_cuda_linear_beside(i32 1, i32 1, i32 1, ptr %[[X]], {{.*}}, i64 8, i64 16, i64 8,
// CHECK: call i32 @xlstm_cuda_linear_beside(i32 1, i32 1, i32 1, ptr %[[X]], {{.*}}, i64 8, i64 16, i64 8,
// CHECK: call i32 @xlstm_cuda_linear_beside(i32 1, i32 0, i32 0, ptr %[[X]], {{.*}}, i64 8, i64 16, i64 2,
// CHECK: call i32 @xlstm_cuda_linear_beside(i32 1, i32 0, i32 0, ptr %[[X]], {{.*}}, i64 8, i64 16, i64 2,
// CHECK: call i32 @xlstm_cuda_rope(i32 1, ptr %{{.*}}, ptr %[[P]], ptr %{{.*}}, ptr %{{.*}}, i64 8, i64 2, i64 8, i64 16, float 1.000000e+00, ptr %1)
// CHECK: call i32 @xlstm_cuda_output_gate(i32 1, {{.*}}, i64 8, i64 2, i64 1, i64 8, i64 16, i64 8, i64 8, ptr %1)
// The mixer has a position of its own, and q and k are rotated.
// CHECK: %[[OWN:.*]] = getelementptr i8, ptr %{{.*}}, i64 1920
// CHECK: call i32 @xlstm_cuda_hybrid_step(i32 1, {{.*}}, ptr null, {{.*}}, ptr %[[OWN]], ptr %{{.*}}, i64 2, i64 4, i64 2, i64 1, i64 8, i64 8, i64 2, i64 16, i64 8, i64 8, float 5.000000e-01, float 1.000000e+00, ptr %{{.*}}, ptr %{{.*}}, ptr %1)
// The residual goes through the output projection.
// CHECK: call i32 @xlstm_cuda_linear(i32 1, i32 1, i32 1, ptr %{{.*}}, ptr %{{.*}}, ptr null, ptr %{{[0-9]+}}, ptr %[[Y:.*]], i64 8, i64 16, i64 16,
// CHECK-NOT: @xlstm_cuda_add
// CHECK: call i32 @xlstm_cuda_last_token(i32 1, ptr %{{.*}}, ptr %[[LAST:.*]], i64 2, i64 4, i64 16, ptr %1)
// The head writes the caller's logits.
// CHECK: call i32 @xlstm_cuda_linear(i32 1, i32 1, i32 0, ptr %[[LAST]], {{.*}}, i64 2, i64 16, i64 24,
// CHECK: call i32 @xlstm_cuda_advance(ptr %[[POS]], i64 2, i64 4, ptr %1)
// CHECK: ret i32 0

// CHECK-LABEL: define internal i32 @prefill_8
// CHECK-LABEL: define internal i32 @decode
// CHECK-NOT: @xlstm_cuda_rope
// CHECK-NOT: @xlstm_cuda_last_token
// CHECK: getelementptr i8, ptr %{{.*}}, i64 3584
// CHECK: getelementptr i8, ptr %{{.*}}, i64 1920
// CHECK: call i32 @xlstm_cuda_hybrid_step(i32 1, {{.*}}, i64 2, i64 1, i64 2, i64 1, i64 8, i64 8, i64 2,

// The largest need of all calls.
// CHECK-LABEL: define internal i64 @workspace_bytes()
// CHECK: call i64 @xlstm_cuda_hybrid_step_workspace(i32 1, i64 2, i64 1, i64 2, i64 1, i64 8, i64 8, i64 2)
// CHECK: call i64 @llvm.umax.i64(
// CHECK: call i64 @xlstm_cuda_hybrid_step_workspace(i32 1, i64 2, i64 8, i64 2, i64 1, i64 8, i64 8, i64 2)
// CHECK: call i64 @xlstm_cuda_linear_workspace()
// CHECK-LABEL: define internal i64 @zeroed_bytes()
// CHECK: call i64 @xlstm_cuda_hybrid_step_zeroed(i32 1, i64 2, i64 1, i64 2, i64 1, i64 8, i64 8, i64 2)
// Zero everywhere, and m is -inf.
// CHECK-LABEL: define internal i32 @init_state
// CHECK: call i32 @xlstm_cuda_fill(ptr %{{.*}}, i32 0, i64 496, ptr %1)
// CHECK: call i32 @xlstm_cuda_fill(ptr %{{.*}}, i32 -8388608, i64 4, ptr %1)
// CHECK-NOT: @xlstm_cuda_fill

// Embedding 0.02, norm 1, projection 16^-1/2; the gates' initial values.
// F32: @random_weights = internal constant [15 x { i64, i64, i32, float, float }] [{ i64, i64, i32, float, float } { i64 0, i64 384, i32 0, float 0.000000e+00, float 0x3F947AE140000000 }, { i64, i64, i32, float, float } { i64 1536, i64 16, i32 0, float 1.000000e+00, float 0.000000e+00 }, { i64, i64, i32, float, float } { i64 1600, i64 256, i32 0, float 0.000000e+00, float 2.500000e-01 },
// F32-SAME: float 4.000000e+00, float 0.000000e+00 }
// F32-LABEL: define internal i32 @prefill(
// F32: call i32 @xlstm_cuda_linear(i32 0, i32 0, i32 0,
// No sinks.
// F32: call i32 @xlstm_cuda_hybrid_step(i32 0, {{.*}}, ptr null, ptr null, ptr %{{[0-9]+}}, ptr %{{[0-9]+}}, i64 1, i64 4, i64 2, i64 1, i64 8, i64 8, i64 0,
// One row's last token lies where it was made.
// F32-NOT: call i32 @xlstm_cuda_last_token

lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x24xf32> attributes {context_length = 64 : i64} {
  %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "model.embed_tokens.weight" : tensor<24x16xbf16>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<24x16xbf16>) -> tensor<?x?x16xf32>
  %y = lm.layer 0 (%h = %x) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
    %n = lm.param "model.layers.0.input_layernorm.weight" : tensor<16xbf16>
    %a = lm.rms_norm %h, %n {eps = 1.0e-5 : f64} : tensor<?x?x16xf32>, tensor<16xbf16>
    %wq = lm.param "model.layers.0.self_attn.q_proj.weight" : tensor<16x16xbf16>
    %bq = lm.param "model.layers.0.self_attn.q_proj.bias" : tensor<16xbf16>
    %q = lm.linear %a, %wq bias(%bq) : (tensor<?x?x16xf32>, tensor<16x16xbf16>, tensor<16xbf16>) -> tensor<?x?x16xf32>
    %wk = lm.param "model.layers.0.self_attn.k_proj.weight" : tensor<8x16xbf16>
    %k = lm.linear %a, %wk : (tensor<?x?x16xf32>, tensor<8x16xbf16>) -> tensor<?x?x8xf32>
    %wv = lm.param "model.layers.0.self_attn.v_proj.weight" : tensor<8x16xbf16>
    %v = lm.linear %a, %wv : (tensor<?x?x16xf32>, tensor<8x16xbf16>) -> tensor<?x?x8xf32>
    %qs = lm.split_heads %q : tensor<?x?x16xf32> to tensor<?x?x2x8xf32>
    %ks = lm.split_heads %k : tensor<?x?x8xf32> to tensor<?x?x1x8xf32>
    %vs = lm.split_heads %v : tensor<?x?x8xf32> to tensor<?x?x1x8xf32>
    %qr = lm.rope %qs, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x8xf32>, tensor<?x?xi32>
    %kr = lm.rope %ks, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x1x8xf32>, tensor<?x?xi32>
    %att = lm.attention %qr, %kr, %vs docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?xi32>) -> tensor<?x?x2x8xf32>
    %m = lm.merge_heads %att : tensor<?x?x2x8xf32> to tensor<?x?x16xf32>
    %wo = lm.param "model.layers.0.self_attn.o_proj.weight" : tensor<16x16xbf16>
    %o = lm.linear %m, %wo : (tensor<?x?x16xf32>, tensor<16x16xbf16>) -> tensor<?x?x16xf32>
    %r = lm.add %h, %o : tensor<?x?x16xf32>
    lm.yield %r : tensor<?x?x16xf32>
  }
  %logits = lm.linear %y, %table : (tensor<?x?x16xf32>, tensor<24x16xbf16>) -> tensor<?x?x24xf32>
  lm.return %logits : tensor<?x?x24xf32>
}
