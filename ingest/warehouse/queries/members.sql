-- Who is behind a number of results or slices: those whom it counts, the last to
-- enter first.
SELECT
    unit, variant, entered, device, newcomer, channel, rank, converted, worth, clicked, closed, failed,
    count() OVER () AS everybody
FROM units
WHERE multiIf(
        {who:String} = 'exposed', kept,
        {who:String} = 'matured', kept AND ripe,
        {who:String} = 'converted', kept AND converted,
        {who:String} = 'clicked', kept AND clicked,
        {who:String} = 'closed', kept AND closed,
        {who:String} = 'failed', kept AND failed,
        {who:String} = 'crossed', out_crossed,
        {who:String} = 'carried', out_carried,
        false)
    AND ({variant:String} = '' OR variant = {variant:String})
    AND ({period:String} = '' OR toString(period) = {period:String})
    AND multiIf(
        {by:String} = '', true,
        {by:String} = 'day', toString(toDate(entered, {zone:String})) = {slice:String},
        {by:String} = 'device', device = {slice:String},
        {by:String} = 'visitor', newcomer = {slice:String},
        {by:String} = 'channel', channel = {slice:String},
        rank = {slice:String})
ORDER BY entered DESC, unit
LIMIT {limit:UInt64} OFFSET {skip:UInt64}
