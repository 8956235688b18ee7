/* The commands that the drive knows. All others abort. */
#include "ata.h"

#define ALLOWED WHEN_LOCKED_ALLOWED
#define ABORTS  WHEN_LOCKED_ABORTS

/* Which are aborted when locked: ACS, table of security command actions (from memory), and
 * DEVICE-FACTS A.5 for the security commands themselves, which see to it on their own. */
static const struct ata_command_row rows[] = {
    {ATA_DATA_SET_MANAGEMENT, TRANSFER_OUT_BLOCKS_EXT, ABORTS, ata_run_trim},
    {ATA_READ_SECTORS, TRANSFER_IN_SECTORS, ABORTS, ata_run_read},
    {ATA_READ_SECTORS_EXT, TRANSFER_IN_SECTORS_EXT, ABORTS, ata_run_read},
    {ATA_READ_DMA, TRANSFER_IN_SECTORS, ABORTS, ata_run_read},
    {ATA_READ_DMA_EXT, TRANSFER_IN_SECTORS_EXT, ABORTS, ata_run_read},
    {ATA_READ_MULTIPLE, TRANSFER_IN_SECTORS, ABORTS, ata_run_read},
    {ATA_READ_MULTIPLE_EXT, TRANSFER_IN_SECTORS_EXT, ABORTS, ata_run_read},
    {ATA_WRITE_SECTORS, TRANSFER_OUT_SECTORS, ABORTS, ata_run_write},
    {ATA_WRITE_SECTORS_EXT, TRANSFER_OUT_SECTORS_EXT, ABORTS, ata_run_write},
    {ATA_WRITE_DMA, TRANSFER_OUT_SECTORS, ABORTS, ata_run_write},
    {ATA_WRITE_DMA_EXT, TRANSFER_OUT_SECTORS_EXT, ABORTS, ata_run_write},
    {ATA_WRITE_DMA_FUA_EXT, TRANSFER_OUT_SECTORS_EXT, ABORTS, ata_run_write},
    {ATA_WRITE_MULTIPLE, TRANSFER_OUT_SECTORS, ABORTS, ata_run_write},
    {ATA_WRITE_MULTIPLE_EXT, TRANSFER_OUT_SECTORS_EXT, ABORTS, ata_run_write},
    {ATA_WRITE_MULTIPLE_FUA_EXT, TRANSFER_OUT_SECTORS_EXT, ABORTS, ata_run_write},
    {ATA_READ_VERIFY, TRANSFER_NONE, ABORTS, ata_run_verify},
    {ATA_READ_VERIFY_EXT, TRANSFER_NONE, ABORTS, ata_run_verify},
    {ATA_FLUSH_CACHE, TRANSFER_NONE, ABORTS, ata_run_flush},
    {ATA_FLUSH_CACHE_EXT, TRANSFER_NONE, ABORTS, ata_run_flush},
    {ATA_READ_NATIVE_MAX, TRANSFER_NONE, ALLOWED, ata_run_read_native_max},
    {ATA_READ_NATIVE_MAX_EXT, TRANSFER_NONE, ALLOWED, ata_run_read_native_max},
    {ATA_SET_MAX, TRANSFER_BY_FEATURE, ABORTS, ata_run_set_max},
    {ATA_SET_MAX_EXT, TRANSFER_NONE, ABORTS, ata_run_set_max},
    {ATA_ACCESSIBLE_MAX, TRANSFER_NONE, ABORTS, ata_run_accessible_max},
    {ATA_DEVICE_CONFIGURATION, TRANSFER_BY_FEATURE, ABORTS, ata_run_dco},
    {ATA_READ_LOG_EXT, TRANSFER_IN_BLOCKS_EXT, ALLOWED, ata_run_read_log},
    {ATA_READ_LOG_DMA_EXT, TRANSFER_IN_BLOCKS_EXT, ALLOWED, ata_run_read_log},
    {ATA_SMART, TRANSFER_BY_FEATURE, ALLOWED, ata_run_smart},
    {ATA_EXECUTE_DIAGNOSTIC, TRANSFER_NONE, ALLOWED, ata_run_diagnostic},
    {ATA_IDENTIFY_DEVICE, TRANSFER_IN_BLOCK, ALLOWED, ata_run_identify},
    {ATA_SET_FEATURES, TRANSFER_NONE, ALLOWED, ata_run_set_features},
    {ATA_SET_MULTIPLE, TRANSFER_NONE, ALLOWED, ata_run_set_multiple},
    {ATA_CHECK_POWER_MODE, TRANSFER_NONE, ALLOWED, ata_run_check_power},
    {ATA_IDLE, TRANSFER_NONE, ALLOWED, ata_run_idle},
    {ATA_IDLE_IMMEDIATE, TRANSFER_NONE, ALLOWED, ata_run_idle},
    {ATA_STANDBY, TRANSFER_NONE, ALLOWED, ata_run_standby},
    {ATA_STANDBY_IMMEDIATE, TRANSFER_NONE, ALLOWED, ata_run_standby},
    {ATA_SLEEP, TRANSFER_NONE, ALLOWED, ata_run_sleep},
    {ATA_SECURITY_SET_PASSWORD, TRANSFER_OUT_BLOCK, ALLOWED, ata_run_security_set_password},
    {ATA_SECURITY_UNLOCK, TRANSFER_OUT_BLOCK, ALLOWED, ata_run_security_unlock},
    {ATA_SECURITY_ERASE_PREPARE, TRANSFER_NONE, ALLOWED, ata_run_security_prepare},
    {ATA_SECURITY_ERASE_UNIT, TRANSFER_OUT_BLOCK, ALLOWED, ata_run_security_erase},
    {ATA_SECURITY_FREEZE_LOCK, TRANSFER_NONE, ALLOWED, ata_run_security_freeze},
    {ATA_SECURITY_DISABLE_PASSWORD, TRANSFER_OUT_BLOCK, ALLOWED, ata_run_security_disable},
    {ATA_TRUSTED_RECEIVE, TRANSFER_IN_TRUSTED, ALLOWED, ata_run_trusted_receive},
    {ATA_TRUSTED_RECEIVE_DMA, TRANSFER_IN_TRUSTED, ALLOWED, ata_run_trusted_receive},
    {ATA_TRUSTED_SEND_DMA, TRANSFER_OUT_TRUSTED, ALLOWED, ata_run_trusted_send},
    {ATA_TRUSTED_SEND, TRANSFER_OUT_TRUSTED, ALLOWED, ata_run_trusted_send},
    {ATA_SANITIZE_DEVICE, TRANSFER_NONE, ALLOWED, ata_run_sanitize},
};

const struct ata_command_row *ata_find_command(uint8_t command) {
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].command == command)
            return &rows[i];
    return NULL;
}
