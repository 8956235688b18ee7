/* Making orders at an operator's desk. */
#ifndef QUIETUS_ORDER_MAKE_H
#define QUIETUS_ORDER_MAKE_H

#include "quietus/order.h"

/*
 * Completes a short description to an order's document: id, nonce and times where it has none (from
 * now, for 24 hours or its "valid_hours"), the server's identity from the inventory (a scan or a
 * record) where it names none, and for each disk named only by its serial number or node the rest
 * of its identity and what it holds. "disks": "all" is every disk of the inventory that is neither
 * a boot medium nor a disk of a network or of the BMC. The result has passed order_check_form. A
 * new reference, or NULL with the reason.
 */
json_t *order_make(const json_t *description, const json_t *inventory, struct reason *reason);

#endif
