// SPDX-License-Identifier: Apache-2.0
/**
 * Who a request really comes from when a reverse proxy has passed it on, and which proxies are
 * believed.
 */
package io.headrace.frontend.proxy;
