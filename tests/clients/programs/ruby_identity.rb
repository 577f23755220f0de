# Print who STS says we are, CALLS times with PAUSE_S between: Ruby's default chain.
require "aws-sdk-core"

calls, pause_s = ARGV
# This SDK doesn't know AWS_ENDPOINT_URL_STS.
sts = Aws::STS::Client.new(region: "us-east-1", endpoint: ENV["AWS_ENDPOINT_URL_STS"])
$stdout.sync = true
(calls || 1).to_i.times do |call|
  sleep(pause_s.to_f) if call.positive?
  begin
    puts sts.get_caller_identity.arn
  rescue StandardError => e
    abort("#{e.class}: #{e.message}")
  end
end
