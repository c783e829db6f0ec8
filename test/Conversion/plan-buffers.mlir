// RUN: xlstm-opt %s --xlstm-plan-buffers | FileCheck %s
// Places of weights, states and scratch: one a name, in place, shared by values whose lifetimes do not meet.

// CHECK: module attributes {lm.state_bytes = 384 : i64, lm.weight_bytes = 512 : i64}
module {
  // The forward pass has no state and stays as it is.
  // CHECK-LABEL: lm.model @model
  // CHECK-NEXT: return
  lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?xi64> {
    lm.return %ids : tensor<?x?xi64>
  }

  // CHECK-LABEL: lm.model @prefill
  // CHECK-SAME: tensor<1xi32> {lm.offset = 768 : i64}
  // CHECK-SAME: {lm.init = 0.000000e+00 : f32, lm.offset = 0 : i64, lm.state = "S"}
  // CHECK-SAME: {lm.init = 0.000000e+00 : f32, lm.offset = 256 : i64, lm.state = "z"}
  // CHECK-SAME: {lm.init = 0xFF800000 : f32, lm.offset = 320 : i64, lm.state = "m"}
  // CHECK-SAME: lm.scratch_bytes = 832 : i64
  lm.model @prefill(%ids: tensor<1x8xi64>, %pos: tensor<1xi32>,
                    %S: tensor<1x1x8x8xf32> {lm.init = 0.0 : f32, lm.state = "S"},
                    %z: tensor<1x1x8xf32> {lm.init = 0.0 : f32, lm.state = "z"},
                    %m: tensor<1x1xf32> {lm.init = 0xFF800000 : f32, lm.state = "m"})
      -> (tensor<1x1x16xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>) {
    // The weights follow each other in the order of their first use.
    // CHECK: %[[TABLE:.*]] = param "table" {lm.offset = 0 : i64}
    // CHECK: %[[X:.*]] = embed %{{.*}}, %[[TABLE]] {lm.offset = [[X0:[0-9]+]] : i64}
    %table = lm.param "table" : tensor<16x8xbf16>
    %x = lm.embed %ids, %table : (tensor<1x8xi64>, tensor<16x8xbf16>) -> tensor<1x8x8xf32>
    // CHECK-NOT: layer
    %y:4 = lm.layer 0 (%h = %x, %S0 = %S, %z0 = %z, %m0 = %m)
        : (tensor<1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
       -> (tensor<1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>) {
      // CHECK: param "w" {lm.offset = 256 : i64}
      // CHECK: %[[Q:.*]] = linear %[[X]], {{.*}} {lm.offset = [[#Q0:]] : i64}
      %w = lm.param "w" : tensor<8x8xf32>
      %q = lm.linear %h, %w : (tensor<1x8x8xf32>, tensor<8x8xf32>) -> tensor<1x8x8xf32>
      // The same memory seen as heads.
      // CHECK: %[[HEADS:.*]] = split_heads %[[Q]] {lm.offset = [[#Q0]] : i64}
      %heads = lm.split_heads %q : tensor<1x8x8xf32> to tensor<1x8x1x8xf32>
      // The state is updated where it lies; the result gets the third and last place.
      // CHECK: mlstm recurrent %[[HEADS]], %[[HEADS]], %[[HEADS]] state({{.*}}) {lm.offset = [[H0:[0-9]+]] : i64}
      %mem, %new:3 = xlstm.mlstm recurrent %heads, %heads, %heads state(%S0, %z0, %m0)
        : (tensor<1x8x1x8xf32>, tensor<1x8x1x8xf32>, tensor<1x8x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
       -> (tensor<1x8x1x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>)
      // CHECK: merge_heads {{.*}} {lm.offset = [[H0]] : i64}
      %merged = lm.merge_heads %mem : tensor<1x8x1x8xf32> to tensor<1x8x8xf32>
      // The sum lies where the projection was: nobody reads it any more.
      // CHECK: %[[SUM:.*]] = add %[[X]], {{.*}} {lm.offset = [[#Q0]] : i64}
      %sum = lm.add %h, %merged : tensor<1x8x8xf32>
      lm.yield %sum, %new#0, %new#1, %new#2 : tensor<1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>
    }
    // Seven tokens of 32 bytes behind the start of the sum.
    // CHECK: last_token %[[SUM]] {lm.offset = [[#Q0+224]] : i64}
    %last = lm.last_token %y#0 : tensor<1x8x8xf32> to tensor<1x1x8xf32>
    // CHECK: param "table" {lm.offset = 0 : i64}
    %head = lm.param "table" : tensor<16x8xbf16>
    %logits = lm.linear %last, %head : (tensor<1x1x8xf32>, tensor<16x8xbf16>) -> tensor<1x1x16xf32>
    lm.return %logits, %y#1, %y#2, %y#3 : tensor<1x1x16xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1xf32>
  }

  // States keep the places that they have in @prefill, whatever the order.
  // CHECK-LABEL: lm.model @decode
  // CHECK-SAME: lm.offset = 320 : i64, lm.state = "m"
  // CHECK-SAME: lm.offset = 0 : i64, lm.state = "S"
  lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>,
                   %m: tensor<1x1xf32> {lm.init = 0xFF800000 : f32, lm.state = "m"},
                   %S: tensor<1x1x8x8xf32> {lm.init = 0.0 : f32, lm.state = "S"})
      -> (tensor<1x1x8xf32>, tensor<1x1xf32>, tensor<1x1x8x8xf32>) {
    %table = lm.param "table" : tensor<16x8xbf16>
    %x = lm.embed %ids, %table : (tensor<1x1xi64>, tensor<16x8xbf16>) -> tensor<1x1x8xf32>
    lm.return %x, %m, %S : tensor<1x1x8xf32>, tensor<1x1xf32>, tensor<1x1x8x8xf32>
  }
}
