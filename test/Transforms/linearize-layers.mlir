// RUN: xlstm-opt %s --xlstm-linearize='mixer=linear-attention' 2>&1 | FileCheck %s --check-prefixes=CHECK,DEFAULT
// RUN: xlstm-opt %s --xlstm-linearize='mixer=linear-attention layers=2' | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: xlstm-opt %s --xlstm-linearize='mixer=linear-attention convert-sliding' 2>&1 | FileCheck %s --check-prefixes=CHECK,SLIDING
// RUN: not xlstm-opt %s --xlstm-linearize='mixer=linear-attention layers=1' 2>&1 | FileCheck %s --check-prefix=NAMED
// RUN: not xlstm-opt %s --xlstm-linearize='mixer=linear-attention layers=0,3' 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not xlstm-opt %s --xlstm-linearize='mixer=linear-attention' --xlstm-linearize='mixer=linear-attention' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not xlstm-opt %s --xlstm-linearize='mixer=window' --xlstm-linearize='mixer=window convert-sliding' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: xlstm-opt %s --xlstm-linearize='mixer=linear-attention layers=0' --xlstm-linearize='mixer=mlstm layers=2' | FileCheck %s --check-prefix=ONEBYONE
// Which layers are converted: layer 1 has a window of its own.

// DEFAULT: linearize-layers.mlir:[[@LINE+33]]:10: remark: layer 1 stays as it is: its attention has a window (4) of its own
// SLIDING-NOT: remark
// NAMED: linearize-layers.mlir:[[@LINE+31]]:10: error: layer 1 is named in option layers but its attention has a window (4) of its own: set convert-sliding
// RANGE: error: option layers names layer 3, the model has 3 layers, counted from 0
// TWICE: error: 'lm.layer' op layer 0 is linearized already
// ONEBYONE: xlstm.mlstm
// ONEBYONE-NOT: gates
// ONEBYONE: layer 1
// ONEBYONE: lm.attention
// ONEBYONE: layer 2
// ONEBYONE: xlstm.mlstm {{.*}} gates

// CHECK-LABEL: lm.model @model(
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  %w = lm.param "table" : tensor<8x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: layer 0
  // DEFAULT: xlstm.mlstm
  // SLIDING: xlstm.mlstm
  // TWO: lm.attention
  %y0 = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  // CHECK: layer 1
  // DEFAULT: lm.attention {{.*}} window = 4
  // SLIDING: xlstm.mlstm
  // TWO: lm.attention {{.*}} window = 4
  %y1 = lm.layer 1 (%h = %y0) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %s = lm.split_heads %h : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64, window = 4 : i64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  // CHECK: layer 2
  // DEFAULT: xlstm.mlstm
  // SLIDING: xlstm.mlstm
  // TWO: xlstm.mlstm
  %y2 = lm.layer 2 (%h = %y1) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64} : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  lm.return %y2 : tensor<?x?x8xf32>
}
