// RUN: xlstm-opt %S/../Transforms/linearize.mlir --xlstm-student-pipeline='window=8 sinks=2 batch=1 tokens=16' | FileCheck %s
// RUN: xlstm-opt %S/../Transforms/linearize.mlir --xlstm-student-pipeline='window=8 sinks=2' | xlstm-opt --verify-roundtrip | FileCheck %s --check-prefix=VERIFIED
// RUN: not xlstm-opt %S/../Transforms/linearize.mlir --xlstm-student-pipeline --xlstm-student-pipeline 2>&1 | FileCheck %s --check-prefix=TWICE
// The whole rewrite: align is of the teacher, the rest of the student.

// CHECK-LABEL: lm.model @model(
// CHECK: xlstm.mix
// CHECK-LABEL: lm.model @align(
// CHECK: xlstm.mix
// CHECK: lm.attention {{.*}} docs(%{{.*}}) {scale = 5.000000e-01 : f64} :
// CHECK: xlstm.align_loss
// CHECK-LABEL: lm.model @distill(
// CHECK: xlstm.mix
// CHECK: xlstm.sparse_kl
// CHECK-LABEL: lm.model @prefill(
// CHECK-SAME: tensor<1x16xi64>
// CHECK: xlstm.mlstm chunkwise
// CHECK: xlstm.mix
// CHECK-LABEL: lm.model @decode(
// CHECK-SAME: tensor<1x1xi64>
// CHECK: xlstm.mlstm recurrent
// CHECK: xlstm.mix

// VERIFIED: lm.model @decode(
// VERIFIED-SAME: tensor<?x1xi64>

// TWICE: error: has a function @align already
