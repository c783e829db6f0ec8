// RUN: xlstm-opt %s --split-input-file --xlstm-plan-memory --convert-kernel-to-llvm | FileCheck %s
// RUN: xlstm-opt %s --split-input-file --xlstm-plan-memory --convert-kernel-to-llvm | FileCheck %s --check-prefix=CUDA
// RUN: xlstm-opt %s --split-input-file --xlstm-plan-memory --convert-kernel-to-llvm='random-weights' | FileCheck %s --check-prefix=RANDOM
// Pointers into the memories, constant sizes, the kernels' C functions by type; what a model exports.

// CHECK: llvm.mlir.global internal constant @constant_0(dense<[2, 1]> : tensor<2xi64>)
// CHECK-LABEL: llvm.func internal @prefill(
// CHECK-SAME: %[[W:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias, llvm.readonly}, %[[S:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias},
// CHECK-SAME: %[[B:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias}, %[[IDS:[a-z0-9]+]]: !llvm.ptr {llvm.noalias, llvm.readonly}, %[[LOGITS:[a-z0-9]+]]: !llvm.ptr {llvm.noalias}, %[[TEAM:[a-z0-9]+]]: !llvm.ptr, %[[TOKENS:[a-z0-9]+]]: i64) {
kernel.func @prefill on cpu {
  %ids = kernel.ids : memref<1x2xi64>
  %pos = kernel.state "position" init 0.0 : memref<1xi32>
  %m = kernel.state "m" init 0xFF800000 : memref<3xf32>
  // CHECK: llvm.call @xlstm_cpu_embed_bf16(%[[IDS]], %[[W]], %{{.*}}, %[[TOKENS]], %[[SIXTEEN:.*]], %[[EIGHT:.*]], %[[TEAM]]) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, !llvm.ptr) -> ()
  %table = kernel.weight "table" : memref<16x8xbf16>
  %x = kernel.buffer : memref<1x2x8xf32>
  kernel.embed ids(%ids) table(%table) y(%x) : memref<1x2xi64>, memref<16x8xbf16>, memref<1x2x8xf32>
  // CHECK: %[[NULL:.*]] = llvm.mlir.zero : !llvm.ptr
  // CHECK: llvm.call @xlstm_cpu_linear_bf16(%{{.*}}, %[[W]], %[[NULL]], %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, !llvm.ptr) -> ()
  %y = kernel.buffer : memref<1x2x16xf32>
  kernel.linear x(%x) w(%table) y(%y) : memref<1x2x8xf32>, memref<16x8xbf16>, memref<1x2x16xf32>
  %p = kernel.buffer : memref<1x2xi32>
  // CHECK: llvm.call @xlstm_cpu_positions(%[[S]],
  kernel.positions pos(%pos) positions(%p) : memref<1xi32>, memref<1x2xi32>
  // A stride, and a float behind the sizes.
  // CHECK: %[[F:.*]] = llvm.mlir.addressof @constant_0
  // CHECK-DAG: %[[STRIDE:.*]] = llvm.mlir.constant(16 : i64)
  // CHECK-DAG: %[[FACTOR:.*]] = llvm.mlir.constant(1.500000e+00 : f32)
  // CHECK: llvm.call @xlstm_cpu_rope(%{{.*}}, %{{.*}}, %[[F]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[STRIDE]], %[[FACTOR]], %[[TEAM]])
  %f = kernel.constant dense<[2, 1]> : tensor<2xi64> : memref<2xi64>
  %h = kernel.view %y at 32 : memref<1x2x16xf32> to memref<1x2x2x4xf32, strided<[32, 16, 4, 1]>>
  %r = kernel.buffer : memref<1x2x2x4xf32>
  kernel.rope x(%h) positions(%p) turns(%f) y(%r) {factor = 1.5 : f32}
    : memref<1x2x2x4xf32, strided<[32, 16, 4, 1]>>, memref<1x2xi32>, memref<2xi64>, memref<1x2x2x4xf32>
  // As far as there are tokens; what comes behind the last of them only where logits are wanted.
  // CHECK: llvm.call @xlstm_cpu_advance(%[[S]], %{{.*}}, %[[TOKENS]], %[[TEAM]])
  kernel.advance pos(%pos) {tokens = 2 : i64} : memref<1xi32>
  // CHECK: llvm.call @xlstm_cpu_meet(%[[TEAM]])
  kernel.meet
  // CHECK: %[[WANTED:.*]] = llvm.icmp "ne" %[[LOGITS]], %{{.*}} : !llvm.ptr
  // CHECK: llvm.cond_br %[[WANTED]], ^[[GOON:.*]], ^[[END:.*]]
  // CHECK: ^[[GOON]]:
  // CHECK: llvm.call @xlstm_cpu_last(%{{.*}}, %[[LOGITS]], %{{.*}}, %[[TOKENS]], %{{.*}}, %[[TEAM]])
  // CHECK: ^[[END]]:
  // CHECK: llvm.return
  %tokens = kernel.view %r at 0 : memref<1x2x2x4xf32> to memref<1x2x8xf32>
  %logits = kernel.logits : memref<1x1x8xf32>
  kernel.last x(%tokens) y(%logits) : memref<1x2x8xf32>, memref<1x1x8xf32>
}
// CHECK-LABEL: llvm.func internal @decode(
kernel.func @decode on cpu attributes {context_length = 99 : i64} {
  %ids = kernel.ids : memref<1x1xi64>
  %pos = kernel.state "position" init 0.0 : memref<1xi32>
  %table = kernel.weight "table" : memref<16x8xbf16>
  %logits = kernel.logits : memref<1x1x8xf32>
  kernel.embed ids(%ids) table(%table) y(%logits) : memref<1x1xi64>, memref<16x8xbf16>, memref<1x1x8xf32>
  kernel.advance pos(%pos) {tokens = 1 : i64} : memref<1xi32>
}
// What is not compiled goes.
// CHECK-NOT: lm.model
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?xi64> {
  lm.return %ids : tensor<?x?xi64>
}
// CHECK-LABEL: llvm.func internal @init_state
// CHECK: llvm.mlir.constant(0 : i32)
// CHECK: llvm.mlir.constant(0xFF800000 : f32)
// CHECK-LABEL: llvm.mlir.global external constant @xlstm_model()
// ABI, tokens, vocabulary, tokens of a cache and their bytes (there is none), bytes of weights, state and scratch.
// CHECK: llvm.mlir.constant(6 : i32)
// CHECK: llvm.mlir.constant(2 : i32)
// CHECK: llvm.mlir.constant(8 : i64)
// CHECK: llvm.mlir.constant(0 : i64)
// CHECK: llvm.mlir.constant(0 : i64)
// CHECK: llvm.mlir.constant(256 : i64)
// CHECK: llvm.mlir.constant(128 : i64)
// CHECK: llvm.mlir.addressof @init_state
// CHECK: llvm.mlir.addressof @prefill
// CHECK: llvm.mlir.addressof @decode

// -----

// CUDA: llvm.func @xlstm_cuda_fill
// CUDA-LABEL: llvm.func internal @decode(%arg0: !llvm.ptr, %arg1: !llvm.ptr) -> i32
kernel.func @decode on cuda {
  %ws = kernel.arena workspace : memref<?xi8>
  %ids = kernel.ids : memref<2x1xi64>
  %pos = kernel.state "position" init 0.0 : memref<2xi32>
  %m = kernel.state "m" init 0xFF800000 : memref<2x3xf32>
  %n = kernel.state "n" init 1.5 : memref<2x3xbf16>
  %table = kernel.weight "table" : memref<16x8xbf16>
  %x = kernel.buffer : memref<2x1x8xbf16>
  // The memory's fields in order.
  // CUDA: %[[W:.*]] = llvm.load
  // CUDA: %[[S:.*]] = llvm.load
  // CUDA: %[[B:.*]] = llvm.load
  // CUDA: %[[WS:.*]] = llvm.load
  // CUDA: llvm.load
  // CUDA: %[[IDS:.*]] = llvm.load
  // CUDA: %[[LOGITS:.*]] = llvm.load
  // The type, the stream, and an error that ends the function.
  // CUDA: %[[BF16:.*]] = llvm.mlir.constant(1 : i32)
  // CUDA: %[[R:.*]] = llvm.call @xlstm_cuda_embed(%[[BF16]], %[[IDS]], %[[W]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %arg1)
  // CUDA: %[[ZERO:.*]] = llvm.mlir.constant(0 : i32)
  // CUDA: %[[GOOD:.*]] = llvm.icmp "eq" %[[R]], %[[ZERO]]
  // CUDA: llvm.cond_br %[[GOOD]], ^[[ON:.*]], ^[[OFF:.*]]
  // CUDA: ^[[ON]]:
  kernel.embed ids(%ids) table(%table) y(%x) : memref<2x1xi64>, memref<16x8xbf16>, memref<2x1x8xbf16>
  // CUDA: llvm.call @xlstm_cuda_linear({{.*}}, %[[LOGITS]], {{.*}}, %[[WS]], %arg1)
  // CUDA: llvm.call @xlstm_cuda_linear_beside(
  %y = kernel.buffer : memref<2x1x16xf32>
  %logits = kernel.logits : memref<2x1x16xf32>
  kernel.linear x(%x) w(%table) y(%logits) workspace(%ws) : memref<2x1x8xbf16>, memref<16x8xbf16>, memref<2x1x16xf32>, memref<?xi8>
  kernel.linear x(%x) w(%table) y(%y) workspace(%ws) {beside} : memref<2x1x8xbf16>, memref<16x8xbf16>, memref<2x1x16xf32>, memref<?xi8>
  kernel.advance pos(%pos) {tokens = 1 : i64} : memref<2xi32>
}
// CUDA-LABEL: llvm.func internal @init_state
// CUDA: llvm.mlir.constant(-8388608 : i32)
// Two numbers of 16 bits fill a word.
// CUDA: llvm.mlir.constant(1069563840 : i32)
// CUDA-LABEL: llvm.func internal @workspace_bytes() -> i64
// CUDA: llvm.call @xlstm_cuda_linear_workspace(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (i32, i32, i32, i64, i64, i64) -> i64
// CUDA: llvm.intr.umax
// CUDA-LABEL: llvm.func internal @zeroed_bytes() -> i64
// CUDA: llvm.mlir.global external constant @xlstm_cuda_model()
// The embedding's table has deviation 0.02.
// RANDOM: llvm.mlir.global internal constant @random_weights()
// RANDOM: llvm.mlir.constant(2.000000e-02 : f32)

// -----

// Texts of their own: what reads a state does so once a row, others take as many rows as the call has.
// CHECK-LABEL: llvm.func internal @decode_many(
// CHECK-SAME: %[[W:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.noalias, llvm.readonly}, %[[S:[a-z0-9]+]]: !llvm.ptr {llvm.noalias},
// CHECK-SAME: %[[B:[a-z0-9]+]]: !llvm.ptr {{{.*}}}, %[[IDS:[a-z0-9]+]]: !llvm.ptr {{{.*}}}, %[[LOGITS:[a-z0-9]+]]: !llvm.ptr {{{.*}}}, %[[TEAM:[a-z0-9]+]]: !llvm.ptr, %[[ROWS:[a-z0-9]+]]: i64) {
kernel.func @decode_many on cpu attributes {rows_apart} {
  %ids = kernel.ids : memref<8x1xi64>
  %logits = kernel.logits : memref<8x1x16xf32>
  %pos = kernel.state "position" init 0.0 : memref<8xi32>
  %other = kernel.state "other" init 0.0 : memref<8xi32>
  %table = kernel.weight "table" : memref<16x8xbf16>
  %x = kernel.buffer : memref<8x1x8xf32>
  // CHECK: llvm.call @xlstm_cpu_embed_bf16(%[[IDS]], %[[W]], %{{.*}}, %[[ROWS]], %{{.*}}, %{{.*}}, %[[TEAM]])
  kernel.embed ids(%ids) table(%table) y(%x) : memref<8x1xi64>, memref<16x8xbf16>, memref<8x1x8xf32>
  // As many rows as the threads go evenly, each one thread's.
  // CHECK: %[[PART:.*]] = llvm.call @xlstm_cpu_part(%[[TEAM]])
  // CHECK: %[[PARTS:.*]] = llvm.call @xlstm_cpu_parts(%[[TEAM]])
  // CHECK: %[[ALONE:.*]] = llvm.call @xlstm_cpu_alone()
  // CHECK: %[[REST:.*]] = llvm.srem %[[ROWS]], %[[PARTS]]
  // CHECK: %[[EVEN:.*]] = llvm.sub %[[ROWS]], %[[REST]]
  // CHECK: llvm.br ^[[FIRST:.*]](%[[PART]] : i64)
  // CHECK: ^[[FIRST]](%[[R:.*]]: i64):
  // CHECK: llvm.icmp "slt" %[[R]], %[[EVEN]]
  // CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[S]][%[[R]]] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
  // CHECK: %[[OWN:.*]] = llvm.load %[[PLACE]]
  // CHECK: %[[SIXTYFOUR:.*]] = llvm.mlir.constant(64 : i64)
  // CHECK: %[[OTHER:.*]] = llvm.getelementptr %[[OWN]][%[[SIXTYFOUR]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  // CHECK: %[[WIDTH:.*]] = llvm.mlir.constant(4 : i64)
  // CHECK: %[[FAR:.*]] = llvm.mul %[[R]], %[[WIDTH]]
  // CHECK: %[[ROW:.*]] = llvm.getelementptr %{{.*}}[%[[FAR]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  // CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i64)
  // CHECK: llvm.call @xlstm_cpu_positions(%[[OTHER]], %[[ROW]], %[[ONE]], %{{.*}}, %[[ALONE]])
  // CHECK: llvm.add %[[R]], %[[PARTS]]
  // CHECK: ^{{.*}}(%[[R2:.*]]: i64):
  // CHECK: llvm.icmp "slt" %[[R2]], %[[ROWS]]
  // CHECK: llvm.call @xlstm_cpu_positions({{.*}}, %[[TEAM]])
  %p = kernel.buffer : memref<8x1xi32>
  kernel.positions pos(%other) positions(%p) : memref<8xi32>, memref<8x1xi32>
  // CHECK: llvm.call @xlstm_cpu_linear_bf16(%{{.*}}, %[[ROWS]], %{{.*}}, %{{.*}}, %[[TEAM]])
  kernel.linear x(%x) w(%table) y(%logits) : memref<8x1x8xf32>, memref<16x8xbf16>, memref<8x1x16xf32>
  kernel.advance pos(%pos) {tokens = 1 : i64} : memref<8xi32>
}

// -----

// On CUDA a kernel that takes states apart has one launch for all texts; another has one a text.
// CHECK-LABEL: llvm.func internal @decode_many(
// CHECK-SAME: %[[MEMORY:[a-z0-9]+]]: !llvm.ptr, %[[STATES:[a-z0-9]+]]: !llvm.ptr, %[[ROWS:[a-z0-9]+]]: i64, %[[STREAM:[a-z0-9]+]]: !llvm.ptr) -> i32
// CHECK: %[[NAMED:.*]] = llvm.getelementptr %[[MEMORY]][1]
// CHECK: %[[STATE:.*]] = llvm.load %[[NAMED]]
// CHECK: %[[BEHIND:.*]] = llvm.getelementptr %[[MEMORY]][7]
// CHECK: %[[APART:.*]] = llvm.load %[[BEHIND]]
kernel.func @decode_many on cuda attributes {rows_apart} {
  %ids = kernel.ids : memref<8x1xi64>
  %logits = kernel.logits : memref<8x1x16xf32>
  %pos = kernel.state "position" init 0.0 : memref<8xi32>
  %kept = kernel.state "kept" init 0.0 : memref<8x8xf32>
  %table = kernel.weight "table" : memref<16x8xf32>
  %x = kernel.buffer : memref<8x1x8xf32>
  // CHECK: llvm.call @xlstm_cuda_embed(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[ROWS]], %{{.*}}, %{{.*}}, %[[STREAM]])
  kernel.embed ids(%ids) table(%table) y(%x) : memref<8x1xi64>, memref<16x8xf32>, memref<8x1x8xf32>
  // CHECK: llvm.call @xlstm_cuda_positions_apart(%{{.*}}, %{{.*}}, %[[ROWS]], %{{.*}}, %[[APART]], %[[STREAM]])
  %p = kernel.buffer : memref<8x1xi32>
  kernel.positions pos(%pos) positions(%p) : memref<8xi32>, memref<8x1xi32>
  // CHECK: ^{{.*}}(%[[R:.*]]: i64):
  // CHECK: llvm.icmp "slt" %[[R]], %[[ROWS]]
  // CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[STATES]][%[[R]]] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
  // CHECK: llvm.load %[[PLACE]]
  // CHECK: llvm.call @xlstm_cuda_copy(
  %y = kernel.buffer : memref<8x8xf32>
  kernel.copy x(%kept) y(%y) : memref<8x8xf32>, memref<8x8xf32>
  // CHECK: llvm.call @xlstm_cuda_advance_apart({{.*}}, %[[ROWS]], %{{.*}}, %[[APART]], %[[STREAM]])
  kernel.advance pos(%pos) {tokens = 1 : i64} : memref<8xi32>
}
